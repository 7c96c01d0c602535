package org.particleos.update.dbus;

import java.util.Locale;
import java.util.Set;
import org.particleos.update.dbus.Interface.Change;
import org.particleos.update.failure.Quote;
import org.particleos.update.service.Log;
import org.particleos.update.service.ServiceContext;

/**
 * How much the daemon tells, changed while it runs: {@code systemctl service-log-level
 * particle-update debug} (org.freedesktop.LogControl1(5)). Only root may change something. The
 * journal is the only place for it, so the target can be named but not moved.
 */
public final class LogControl1 implements BusService {
  private static final String PATH = "/org/freedesktop/LogControl1";
  private static final String JOURNAL = "journal";
  private static final Set<String> TARGETS = Set.of(JOURNAL, "auto");
  private static final long ROOT = 0;

  private final String identifier;

  /**
   * What the journal shows for this daemon.
   *
   * @param identifier in front of each line
   */
  public LogControl1(String identifier) {
    this.identifier = identifier;
  }

  @Override
  public void export(SystemBus bus, ServiceContext context) {
    var description =
        Interface.<Log>named("org.freedesktop.LogControl1")
            .property(
                "LogLevel",
                "s",
                Change.UNTOLD,
                log -> log.threshold().text(),
                (log, value, call) -> {
                  requireRoot(bus, call);
                  log.threshold(level((String) value));
                })
            .property(
                "LogTarget",
                "s",
                Change.UNTOLD,
                _ -> JOURNAL,
                (_, value, call) -> {
                  requireRoot(bus, call);
                  if (!TARGETS.contains(((String) value).toLowerCase(Locale.ROOT))) {
                    throw BusException.invalid(
                        "everything goes to the journal, not to " + Quote.quote((String) value));
                  }
                })
            .property("SyslogIdentifier", "s", Change.UNTOLD, _ -> identifier)
            .build();
    bus.export(PATH, new Served<>(description, context.log()));
  }

  private static Log.Level level(String text) throws BusException {
    return Log.levels().stream()
        .filter(level -> level.text().equals(text))
        .findFirst()
        .orElseThrow(() -> BusException.invalid("there is no log level " + Quote.quote(text)));
  }

  private static void requireRoot(SystemBus bus, Invocation call)
      throws BusException, InterruptedException {
    if (bus.user(call.caller().uniqueName()) != ROOT) {
      throw new BusException(BusException.ACCESS_DENIED, "only root changes what is logged");
    }
  }
}
