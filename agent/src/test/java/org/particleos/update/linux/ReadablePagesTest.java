package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReadablePagesTest {
  private static final String ARCHIVE = "/usr/lib/particle-update/lib/particle-update.jsa";

  private static List<String> mapping(
      String permissions, String file, String anonymous, String locked) {
    return List.of(
        "7f0000001000-7f0000003000 " + permissions + " 00002000 08:01 12         " + file,
        "Size:                  8 kB",
        "Rss:                   8 kB",
        "Anonymous:      " + anonymous,
        "Locked:         " + locked,
        "VmFlags: rd mr mw me");
  }

  @Test
  void aFileThatNobodyWroteToCanBeReadAgain() {
    assertEquals(
        List.of(new ReadablePages.Range(0x7f0000001000L, 0x7f0000003000L)),
        ReadablePages.among(mapping("r--p", ARCHIVE, "0 kB", "0 kB")));
    assertEquals(
        1,
        ReadablePages.among(mapping("r-xp", "/usr/lib/jvm/lib/server/libjvm.so", "0 kB", "0 kB"))
            .size());
  }

  @ParameterizedTest
  @CsvSource({
    "rw-p, /a/b.jsa, 0 kB, 0 kB", // somebody may write at any time
    "rwxp, /a/b.jsa, 0 kB, 0 kB",
    "---p, /a/b.jsa, 0 kB, 0 kB",
    "r--p, '', 0 kB, 0 kB", // no file
    "r--p, [heap], 0 kB, 0 kB",
    "r--p, /a/libc.so.6, 0 kB, 0 kB", // may be unmapped any time
    "r--p, /a/b.jsa (deleted), 0 kB, 0 kB",
    "r--p, /a/b.jsa, 4 kB, 0 kB", // written by the loader, read-only since then
    "r--p, /a/b.jsa, 10 kB, 0 kB",
    "r--p, /a/b.jsa, 0 kB, 8 kB", // somebody wants it to stay
    "r--p, /a/b.jsa, '', 0 kB", // the kernel does not say
  })
  void whateverElseIsKept(String permissions, String file, String anonymous, String locked) {
    assertEquals(List.of(), ReadablePages.among(mapping(permissions, file, anonymous, locked)));
  }

  @Test
  void whatIsSaidOfOneMappingIsNotTakenForTheNext() {
    var lines = new ArrayList<>(mapping("r--p", ARCHIVE, "0 kB", "0 kB"));
    lines.add("7f0000004000-7f0000005000 r--p 00002000 08:01 12   /a/b.jsa");
    lines.add("VmFlags: rd");

    assertEquals(1, ReadablePages.among(lines).size());
  }

  @Test
  void thisProcessGoesOnAfterwards() throws Exception {
    assertTrue(ReadablePages.giveBack() > 0);

    // Classes that were not loaded yet and code that runs already.
    assertEquals("b-a", String.join("-", new TreeSet<>(List.of("a", "b")).reversed()));
    assertTrue(ReadablePages.giveBack() > 0);
  }
}
