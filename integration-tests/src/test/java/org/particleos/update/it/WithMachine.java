package org.particleos.update.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives each test a machine of its own, and all of them the same releases. */
final class WithMachine implements ParameterResolver {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(WithMachine.class);

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
    Class<?> type = parameter.getParameter().getType();
    return type == TestMachine.class || type == Releases.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
    // Stores close what they hold: releases with the whole run, a machine with its test.
    Releases releases =
        test.getRoot()
            .getStore(NAMESPACE)
            .computeIfAbsent(Releases.class, _ -> build(), Releases.class);
    if (parameter.getParameter().getType() == Releases.class) {
      return releases;
    }
    return test.getStore(NAMESPACE)
        .computeIfAbsent(TestMachine.class, _ -> machine(releases), TestMachine.class);
  }

  private static Releases build() {
    try {
      return new Releases();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot build the releases", e);
    }
  }

  private static TestMachine machine(Releases releases) {
    try {
      return TestMachine.copied(releases);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot copy the machine", e);
    }
  }
}
