package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.Tool;

/**
 * Who may say what to the daemon, as a real message bus understands it (dbus-varlink.md 2). A bus
 * of its own is started; at the names is a program that knows no method, so that an allowed call
 * ends with its answer and a forbidden one with that of the bus.
 */
class BusPolicyIT {
  private static final String REFERENCE = "org.freedesktop.sysupdate1";
  private static final String OURS = "org.particleos.Update1";
  private static final String REFUSED = "Access denied";

  @TempDir private Path folder;

  private String address = "";
  private final List<AutoCloseable> open = new ArrayList<>();

  @BeforeEach
  void startBus() throws Exception {
    Root.needed("call as another user");
    Packages.toolNeeded("busctl");
    Path policy =
        Packages.repository()
            .resolve("systemd-units/share/dbus-1/system.d/org.particleos.Update1.conf");
    var bus =
        MessageBus.in(
            folder,
            """
            <policy context="default">
              <allow user="*"/>
              <deny own="*"/>
              <deny send_type="method_call"/>
              <allow send_type="signal"/>
              <allow send_requested_reply="true" send_type="method_return"/>
              <allow send_requested_reply="true" send_type="error"/>
              <allow receive_type="method_call"/>
              <allow receive_type="method_return"/>
              <allow receive_type="error"/>
              <allow receive_type="signal"/>
              <allow send_destination="org.freedesktop.DBus"/>
            </policy>
            <include>%s</include>
            <!-- As if the reference were installed, too, and read after ours. -->
            <policy context="default">
              <deny send_destination="org.freedesktop.sysupdate1"/>
              <allow send_destination="org.freedesktop.sysupdate1"
                     send_interface="org.freedesktop.DBus.Introspectable"/>
              <allow send_destination="org.freedesktop.sysupdate1"
                     send_interface="org.freedesktop.DBus.Peer"/>
              <allow send_destination="org.freedesktop.sysupdate1"
                     send_interface="org.freedesktop.DBus.Properties" send_member="Get"/>
              <allow send_destination="org.freedesktop.sysupdate1"
                     send_interface="org.freedesktop.DBus.Properties" send_member="GetAll"/>
              <allow send_destination="org.freedesktop.sysupdate1"
                     send_interface="org.freedesktop.sysupdate1.Manager"/>
              <allow send_destination="org.freedesktop.sysupdate1"
                     send_interface="org.freedesktop.sysupdate1.Target"/>
              <allow send_destination="org.freedesktop.sysupdate1"
                     send_interface="org.freedesktop.sysupdate1.Job"/>
            </policy>
            """
                .formatted(policy));
    open.add(bus);
    address = bus.address();
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  private void ownBoth() throws Exception {
    DBusConnection owner = DBusConnectionBuilder.forAddress(address).withShared(false).build();
    open.add(owner);
    owner.requestBusName(REFERENCE);
    owner.requestBusName(OURS);
  }

  private String callAsNobody(String... words) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + Root.NOBODY,
                "--regid=" + Root.NOBODY,
                "--clear-groups",
                "busctl",
                "--address=" + address,
                "--timeout=20",
                "call"));
    command.addAll(List.of(words));
    return Tool.call(folder, Map.of(), "", command.toArray(String[]::new)).output();
  }

  @Test
  void onlyRootMayOwnTheNames() throws Exception {
    for (String name : List.of(REFERENCE, OURS)) {
      String answer =
          callAsNobody(
              "org.freedesktop.DBus",
              "/org/freedesktop/DBus",
              "org.freedesktop.DBus",
              "RequestName",
              "su",
              name,
              "0");
      assertTrue(answer.contains(REFUSED), answer);
    }

    ownBoth();
  }

  @Test
  void everybodyMayCallWhatTheReferenceAllows() throws Exception {
    ownBoth();
    List<String> manager = List.of("ListTargets", "ListJobs", "ListAppStream");
    List<String> target =
        List.of(
            "List",
            "Describe",
            "CheckNew",
            "Acquire",
            "Install",
            "Vacuum",
            "GetAppStream",
            "GetVersion",
            "ListFeatures",
            "DescribeFeature",
            "SetFeatureEnabled");

    for (String method : manager) {
      assertReaches(REFERENCE, REFERENCE + ".Manager", method);
    }
    for (String method : target) {
      assertReaches(REFERENCE, REFERENCE + ".Target", method);
    }
    assertReaches(REFERENCE, REFERENCE + ".Job", "Cancel");
    assertReaches(REFERENCE, "org.freedesktop.DBus.Introspectable", "Introspect");
    assertReaches(REFERENCE, "org.freedesktop.DBus.Peer", "Ping");
    assertReaches(REFERENCE, "org.freedesktop.DBus.Properties", "GetAll");
  }

  @Test
  void everybodyMayAskOursWherePolkitDecides() throws Exception {
    ownBoth();

    for (String method : List.of("Check", "Apply", "Cancel", "Hold", "Unhold", "Reboot")) {
      assertReaches(OURS, OURS, method);
    }
    assertReaches(OURS, "org.freedesktop.DBus.Introspectable", "Introspect");
    assertReaches(OURS, "org.freedesktop.DBus.Properties", "Get");
  }

  @Test
  void nothingElseReachesTheDaemon() throws Exception {
    ownBoth();

    assertRefused(REFERENCE, "org.example.Other", "Shutdown");
    assertRefused(REFERENCE, "org.freedesktop.DBus.Properties", "Set");
    assertRefused(OURS, "org.freedesktop.DBus.Properties", "Set");
    assertRefused(OURS, "org.freedesktop.LogControl1", "Anything");
    assertRefused(REFERENCE, "org.freedesktop.LogControl1", "Anything");
  }

  private void assertReaches(String name, String face, String method) throws IOException {
    String answer = callAsNobody(name, "/", face, method);
    assertFalse(answer.contains(REFUSED), () -> face + "." + method + ": " + answer);
  }

  private void assertRefused(String name, String face, String method) throws IOException {
    String answer = callAsNobody(name, "/", face, method);
    assertTrue(answer.contains(REFUSED), () -> face + "." + method + ": " + answer);
    assertEquals(-1, answer.indexOf("Unknown"), answer);
  }
}
