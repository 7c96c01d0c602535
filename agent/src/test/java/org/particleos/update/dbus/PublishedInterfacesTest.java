package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import javax.xml.parsers.DocumentBuilderFactory;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.UInt64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;

/** What is published about our interfaces is what we are, and enough to write a client. */
@Timeout(120) // of what hangs
class PublishedInterfacesTest {
  private static final Path PUBLISHED = Path.of("../systemd-units/share/dbus-1/interfaces");

  @TempDir private Path directory;

  /** The elements with their attributes, in order, without comments and white space. */
  private static List<String> elements(Element element, int depth) {
    List<String> all = new ArrayList<>();
    Map<String, String> attributes = new TreeMap<>();
    for (int i = 0; i < element.getAttributes().getLength(); i++) {
      Node attribute = element.getAttributes().item(i);
      attributes.put(attribute.getNodeName(), attribute.getNodeValue());
    }
    all.add("  ".repeat(depth) + element.getTagName() + attributes);
    for (Node child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (child instanceof Element inner) {
        all.addAll(elements(inner, depth + 1));
      }
    }
    return all;
  }

  private static List<String> elements(String xml, String interfaceName) throws Exception {
    var factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    var interfaces =
        factory
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(xml)))
            .getElementsByTagName("interface");
    for (int i = 0; i < interfaces.getLength(); i++) {
      var each = (Element) interfaces.item(i);
      if (each.getAttribute("name").equals(interfaceName)) {
        return elements(each, 0);
      }
    }
    return List.of();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Manager", "Target", "Job"})
  void anObjectIsWhatIsPublished(String kind) throws Exception {
    String name = Sysupdate1.NAME + "." + kind;
    String published = Files.readString(PUBLISHED.resolve(name + ".xml"));
    try (var machine = new ServedMachine(directory, "", _ -> new FakeAuthority());
        var client = machine.client()) {
      var busy = new CompletableFuture<Void>();
      Thread.ofVirtual()
          .start(() -> {
            try {
              ServedMachine.target(client, "host", "CheckNew", "");
            } catch (BusException | InterruptedException _) {
              busy.complete(null); // it is stopped in the end
            }
          });
      machine.workers.next();
      String path =
          switch (kind) {
            case "Manager" -> Sysupdate1.PATH;
            case "Target" -> Sysupdate1.TARGETS + "/host";
            default -> Sysupdate1.JOBS + "/_1";
          };

      String described =
          machine
              .tool
              .gdbus("introspect", "--xml", "--dest", Sysupdate1.NAME, "--object-path", path)
              .succeeded();

      assertTrue(!elements(published, name).isEmpty());
      assertEquals(elements(published, name), elements(described, name));
    }
  }

  // ---- A client that was written from what is published, on another implementation ----

  /** {@code (sso)}. */
  public static final class Listed extends Struct {
    @Position(0)
    public final String kind;

    @Position(1)
    public final String name;

    @Position(2)
    public final DBusPath path;

    public Listed(String kind, String name, DBusPath path) {
      this.kind = kind;
      this.name = name;
      this.path = path;
    }
  }

  /** See the file of that name. */
  @DBusInterfaceName("org.freedesktop.sysupdate1.Manager")
  public interface Manager extends DBusInterface {
    List<Listed> ListTargets();
  }

  /** See the file of that name. */
  @DBusInterfaceName("org.freedesktop.sysupdate1.Target")
  public interface Target extends DBusInterface {
    String CheckNew();

    String Describe(String version, UInt64 flags);

    List<String> GetAppStream();

    String GetVersion();
  }

  @Test
  void aDesktopFindsAnUpdate() throws Exception {
    try (var machine = new ServedMachine(directory, "", _ -> new FakeAuthority());
        var desktop =
            DBusConnectionBuilder.forAddress(machine.bus.address()).withShared(false).build()) {
      var manager = desktop.getRemoteObject(Sysupdate1.NAME, Sysupdate1.PATH, Manager.class);
      Listed host =
          manager.ListTargets().stream().filter(each -> each.kind.equals("host")).findFirst().get();
      var target = desktop.getRemoteObject(Sysupdate1.NAME, host.path.getPath(), Target.class);

      assertEquals("7", target.GetVersion());
      assertEquals(List.of("https://example.org/os.xml"), target.GetAppStream());
      Thread.ofVirtual()
          .start(() -> {
            try {
              machine.workers.next().says("{'available':'8'}").ends(0);
              machine.workers.next().says("{'version':'8','installed':false}").ends(0);
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
      assertEquals("8", target.CheckNew());
      assertEquals("{\"version\":\"8\",\"installed\":false}", target.Describe("8", new UInt64(0)));
    }
  }
}
