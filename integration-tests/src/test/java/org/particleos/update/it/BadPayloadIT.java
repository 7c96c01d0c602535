package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A payload that is not what was signed is never given a name that something would start. */
@ExtendWith(WithMachine.class)
class BadPayloadIT {
  private static final int NOT_TRUSTED = 5;
  private static final int NOT_REACHABLE = 4;

  /** To a partition and compressed, or to a file and as it is. */
  enum Part {
    USR,
    KERNEL;

    Path of(TestMachine machine) throws Exception {
      return this == USR ? machine.usrPayload() : machine.kernelPayload();
    }
  }

  private static void assertRefused(TestMachine machine, int status, String found)
      throws Exception {
    Run.Report report = machine.run("apply").failure(status, "ParticleOS_2", found);

    assertTrue(report.state().contains("version 2 is not installed"), report::state);
    assertTrue(report.state().contains("version 1 stays"), report::state);
    machine.assertNothingNewIsBootable();
    machine.mendServer();
    machine.assertPlainApplyInstalls();
  }

  @ParameterizedTest
  @EnumSource
  void onePayloadByteThatIsWrongIsRefused(Part part, TestMachine machine) throws Exception {
    Path payload = part.of(machine);
    byte[] content = Files.readAllBytes(payload);
    content[content.length - 100] ^= 1;
    Files.write(payload, content);

    assertRefused(machine, NOT_TRUSTED, "");
  }

  @ParameterizedTest
  @EnumSource
  void aPayloadThatIsTooShortIsRefused(Part part, TestMachine machine) throws Exception {
    Path payload = part.of(machine);
    byte[] content = Files.readAllBytes(payload);
    Files.write(payload, Arrays.copyOf(content, content.length - 1));

    assertRefused(machine, NOT_TRUSTED, "");
  }

  @ParameterizedTest
  @EnumSource
  void aPayloadThatIsTooLongIsRefused(Part part, TestMachine machine) throws Exception {
    Files.write(part.of(machine), new byte[] {0}, StandardOpenOption.APPEND);

    assertRefused(machine, NOT_TRUSTED, "");
  }

  @ParameterizedTest
  @EnumSource
  void anotherValidPayloadThanTheSignedOneIsRefused(Part part, TestMachine machine)
      throws Exception {
    Path payload = part.of(machine);
    Files.write(payload, Files.readAllBytes(machine.payload(".usr-*-verity-sig.*")));

    assertRefused(machine, NOT_TRUSTED, "SHA-256");
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionThatBreaksIsAFailureToReachTheServer(Part part, TestMachine machine)
      throws Exception {
    machine.server().fault(part.of(machine).getFileName().toString(), Faults.cutAfter(1000));

    assertRefused(machine, NOT_REACHABLE, "1000");
  }

  @ParameterizedTest
  @EnumSource
  void aBodyThatIsLongerThanDeclaredIsCutThere(Part part, TestMachine machine) throws Exception {
    machine
        .server()
        .fault(
            part.of(machine).getFileName().toString(),
            request -> {
              request.head(200, "Content-Length: 1000");
              if (request.wantsBody()) {
                byte[] piece = new byte[1 << 16];
                while (true) {
                  request.out().write(piece);
                }
              }
            });

    assertRefused(machine, NOT_TRUSTED, "SHA-256");
  }
}
