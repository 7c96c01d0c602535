package org.particleos.update.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Columns of text, each as wide as its widest cell, one space apart (update-algorithm.md 19). */
final class Table {
  private final List<String> header;
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... header) {
    this.header = List.of(header);
  }

  void add(List<String> cells) {
    if (cells.size() != header.size()) {
      throw new IllegalArgumentException("a row has as many cells as the header");
    }
    rows.add(List.copyOf(cells));
  }

  String text(boolean withHeader) {
    List<List<String>> lines = new ArrayList<>();
    if (withHeader) {
      lines.add(header);
    }
    lines.addAll(rows);
    List<Integer> widths = new ArrayList<>(Collections.nCopies(header.size(), 0));
    for (List<String> line : lines) {
      for (int i = 0; i < line.size(); i++) {
        widths.set(i, Math.max(widths.get(i), width(line.get(i))));
      }
    }
    var out = new StringBuilder();
    for (List<String> line : lines) {
      var text = new StringBuilder();
      for (int i = 0; i < line.size(); i++) {
        text.append(line.get(i)).repeat(" ", widths.get(i) - width(line.get(i)));
        text.append(i < line.size() - 1 ? " " : "");
      }
      out.append(text.toString().stripTrailing()).append('\n');
    }
    return out.toString();
  }

  /** Code points without escape sequences and variation selectors. */
  static int width(String cell) {
    String visible = cell.replaceAll("\u001b\\[[0-9;]*m", "").replace("\ufe0f", "");
    return visible.codePointCount(0, visible.length());
  }
}
