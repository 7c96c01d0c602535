package org.particleos.update.policy;

import java.util.ArrayList;
import java.util.List;

/**
 * When a step may be taken.
 *
 * @param always nobody has said anything about it
 * @param list otherwise only in these; where what was said was not understood, none
 */
public record Windows(boolean always, List<Window> list) {
  public static final Windows ALWAYS = new Windows(true, List.of());

  public Windows {
    list = List.copyOf(list);
    if (always && !list.isEmpty()) {
      throw new IllegalArgumentException("either always or in windows");
    }
  }

  static Windows in(Window... windows) {
    return new Windows(false, List.of(windows));
  }

  Windows and(Window window) {
    List<Window> more = new ArrayList<>(list);
    more.add(window);
    return new Windows(false, more);
  }

  /**
   * One more window was meant, whatever it was. To act at any time instead would be what nobody
   * wanted: a machine that restarts at noon.
   */
  Windows andUnknown() {
    return new Windows(false, list);
  }

  @Override
  public String toString() {
    return always ? "at any time" : String.join("; ", list.stream().map(Window::toString).toList());
  }
}
