package org.particleos.update.cli;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Signals, which Java knows only by an interface without a promise. It is called by its name, since
 * the compiler warns of every use and nothing can tell it not to; without it signals do what they
 * do to any Java program.
 */
final class Signals {
  private Signals() {}

  /**
   * From now on this is run, by a thread of its own, when the signal comes; nothing else happens
   * then.
   *
   * @param name without SIG
   * @return false if that is not possible here
   */
  static boolean on(String name, Runnable task) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      MethodHandle run =
          MethodHandles.lookup()
              .findVirtual(Runnable.class, "run", MethodType.methodType(void.class))
              .bindTo(task);
      Object calls =
          MethodHandleProxies.asInterfaceInstance(
              handler, MethodHandles.dropArguments(run, 0, signal));
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), calls);
      return true;
    } catch (ReflectiveOperationException | IllegalArgumentException _) {
      return false;
    }
  }
}
