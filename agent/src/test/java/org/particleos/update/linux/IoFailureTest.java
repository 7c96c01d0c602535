package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class IoFailureTest {
  @ParameterizedTest
  @CsvSource({
    "13, PERMISSION_DENIED, NotPermitted",
    "1, PERMISSION_DENIED, NotPermitted",
    "30, READ_ONLY, WriteFailed",
    "28, FILE_SYSTEM_FULL, NoSpace",
    "122, FILE_SYSTEM_FULL, NoSpace",
    "16, LOCK_HELD, Busy",
    "5, WRITE_FAILED, WriteFailed"
  })
  void theErrorNumberDecidesTheKind(int errno, Reason reason, String kind) {
    var cause = new LinuxException(errno, "open", "\"/dev/vda\"", "text");

    var failure = IoFailure.writing("writing failed", cause);

    assertEquals(reason, failure.reason());
    assertEquals(kind, failure.getClass().getSimpleName());
    assertSame(cause, failure.getCause());
  }

  @Test
  void aWriteThatIsNotPermittedMeansAReadOnlyDevice() {
    var refused = new LinuxException(1, "pwrite", "\"/dev/vda\"", "Operation not permitted");

    var failure = IoFailure.writing("writing failed", refused);

    assertEquals(Reason.READ_ONLY, failure.reason());
    assertInstanceOf(UpdateException.WriteFailed.class, failure);
  }

  @Test
  void whatIsMissingIsNoFaultOfTheDevice() {
    var missing = new LinuxException(2, "open", "\"/dev/vdx\"", "No such file or directory");
    var broken = new LinuxException(5, "open", "\"/dev/vda\"", "Input/output error");

    assertTrue(IoFailure.writing("opening failed", missing).remedy().contains("check the path"));
    assertTrue(IoFailure.writing("opening failed", broken).remedy().contains("kernel log"));
  }

  @Test
  void whatHasNoErrorNumberIsAFailureOfTheDevice() {
    var failure = IoFailure.reading("reading failed", new IOException("short"));

    assertEquals(Reason.READ_FAILED, failure.reason());
    assertInstanceOf(UpdateException.WriteFailed.class, failure);
  }
}
