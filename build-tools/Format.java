import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks or applies the source format. Run by the build as {@code java Format.java check|apply
 * DIR…} with google-java-format on the class path; it exists because that program takes files, not
 * folders.
 */
public final class Format {
  public static void main(String[] args) throws Exception {
    List<String> call = new ArrayList<>();
    switch (args[0]) {
      case "check" -> call.addAll(List.of("--dry-run", "--set-exit-if-changed"));
      case "apply" -> call.add("--replace");
      default -> throw new IllegalArgumentException("format.mode is check or apply: " + args[0]);
    }
    int options = call.size();
    for (int i = 1; i < args.length; i++) {
      call.addAll(javaFilesBelow(Path.of(args[i])));
    }
    if (call.size() == options) {
      return;
    }
    var out = new PrintWriter(System.out, true);
    var err = new PrintWriter(System.err, true);
    int status = new Main(out, err, System.in).format(call.toArray(String[]::new));
    if (status != 0) {
      err.println(
          "The files named above are not formatted. Run: mvn -N process-sources"
              + " -Dformat.mode=apply");
      System.exit(status);
    }
  }

  private static List<String> javaFilesBelow(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      return files.map(Path::toString).filter(name -> name.endsWith(".java")).sorted().toList();
    }
  }
}
