package org.particleos.update.notify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.particleos.update.failure.Quote;

/**
 * Calls everybody who wants to know that an update was installed: each socket, or symbolic link to
 * one, in a directory gets one Varlink call, all at the same time, and all replies are waited for
 * (update-algorithm.md 16, dbus-varlink.md 10).
 *
 * <p>Whether the moment has come for it, the caller decides. Nothing a hook does or fails to do
 * changes the result of the update: every trouble becomes a warning.
 */
public final class CompletionHooks {
  /** As many as are called; a directory with more is a mistake of somebody. */
  static final int HOOKS_MAX = 255;

  /** What a hook starts may take its time, for example to write the TPM. */
  static final Duration REPLY_WAIT = Duration.ofMinutes(5);

  private static final int KIND_MASK = 0xf000;
  private static final int KIND_SOCKET = 0xc000;
  private static final int KIND_LINK = 0xa000;

  private final Path directory;
  private final Duration replyWait;

  CompletionHooks(Path directory, Duration replyWait) {
    this.directory = directory;
    this.replyWait = replyWait;
  }

  /**
   * The hooks of the running system.
   *
   * @param runtime where services keep their sockets, {@code /run}
   */
  public static CompletionHooks below(Path runtime) {
    return new CompletionHooks(runtime.resolve("systemd/sysupdate/notify"), REPLY_WAIT);
  }

  /**
   * Calls all hooks and waits for them, at most five minutes. An interrupt ends the wait and stays
   * set.
   *
   * @return warnings, in the order of the hooks' names
   */
  public List<String> call(Completion completion) {
    var warnings = new ArrayList<String>();
    List<Path> hooks = hooks(warnings);
    if (hooks.isEmpty()) {
      return warnings;
    }
    byte[] request = VarlinkCall.request(completion);
    var calls = new ArrayList<Callable<Optional<String>>>();
    for (Path hook : hooks) {
      calls.add(() -> VarlinkCall.call(hook, request));
    }
    // Threads of the platform: an interrupt closes the socket they wait for, whatever they wait
    // for.
    try (var threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name("completion-hook-", 0).factory())) {
      var replies = threads.invokeAll(calls, replyWait.toMillis(), TimeUnit.MILLISECONDS);
      for (int i = 0; i < hooks.size(); i++) {
        trouble(replies.get(i), hooks.get(i)).ifPresent(warnings::add);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      warnings.add("waiting for completion hooks was interrupted");
    }
    return warnings;
  }

  private Optional<String> trouble(Future<Optional<String>> reply, Path hook)
      throws InterruptedException {
    String name = "completion hook " + Quote.quote(hook.toString());
    try {
      return reply.get().map(error -> name + " reported the error " + Quote.quote(error));
    } catch (CancellationException late) {
      return Optional.of(name + " did not reply within " + replyWait.toSeconds() + " s");
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof IOException cause) {
        return Optional.of("calling " + name + " failed: " + cause.getMessage());
      }
      throw new IllegalStateException("a call of a hook fails with an IOException only", failed);
    }
  }

  private List<Path> hooks(List<String> warnings) {
    var hooks = new ArrayList<Path>();
    try (var entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (socketOrLink(entry)) {
          hooks.add(entry);
        }
      }
    } catch (NoSuchFileException nobodyWantsToKnow) {
      return List.of();
    } catch (IOException failed) {
      warnings.add("looking for completion hooks failed: " + failed.getMessage());
      return List.of();
    }
    hooks.sort(null);
    if (hooks.size() > HOOKS_MAX) {
      warnings.add(
          "there are "
              + hooks.size()
              + " completion hooks in "
              + Quote.quote(directory.toString())
              + ", only the first "
              + HOOKS_MAX
              + " are called");
      return hooks.subList(0, HOOKS_MAX);
    }
    return hooks;
  }

  /** A symbolic link is taken without looking where it leads: connecting will tell. */
  private static boolean socketOrLink(Path entry) throws IOException {
    try {
      int mode = (int) Files.getAttribute(entry, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return (mode & KIND_MASK) == KIND_SOCKET || (mode & KIND_MASK) == KIND_LINK;
    } catch (NoSuchFileException vanished) {
      return false;
    }
  }
}
