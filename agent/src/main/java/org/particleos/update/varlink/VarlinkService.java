package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the method that a call names, among those of its interfaces and of {@code
 * org.varlink.service}, which describes them.
 */
final class VarlinkService {
  private static final String NAME = "org.varlink.service";

  private final String version;
  private final Map<String, VarlinkInterface> interfaces = new LinkedHashMap<>();

  VarlinkService(String version, List<VarlinkInterface> offered) {
    this.version = version;
    List<VarlinkInterface> all = new ArrayList<>(offered);
    all.add(
        VarlinkInterface.described(
            NAME, Map.of("GetInfo", this::info, "GetInterfaceDescription", this::description)));
    all.forEach(each -> interfaces.put(each.name(), each));
  }

  /** Answers a call. */
  ObjectNode answer(Exchange exchange) throws CallException, InterruptedException {
    String name = exchange.call().method();
    int dot = name.lastIndexOf('.');
    if (dot < 0) {
      throw CallException.methodNotFound(name);
    }
    VarlinkInterface found = interfaces.get(name.substring(0, dot));
    if (found == null) {
      throw CallException.interfaceNotFound(name.substring(0, dot));
    }
    Method method = found.methods().get(name.substring(dot + 1));
    if (method == null) {
      throw CallException.methodNotFound(name);
    }
    if (exchange.call().upgrade()) {
      throw CallException.methodNotImplemented(name); // not like this
    }
    return method.answer(exchange);
  }

  private ObjectNode info(Exchange exchange) throws CallException {
    Parameters.of(exchange.call(), Set.of());
    ObjectNode info =
        Reply.parameters()
            .put("vendor", "ParticleOS")
            .put("product", "particle-update")
            .put("version", version)
            .put("url", "");
    var names = info.putArray("interfaces");
    interfaces.keySet().stream().sorted().forEach(names::add);
    return info;
  }

  private ObjectNode description(Exchange exchange) throws CallException {
    String name = Parameters.of(exchange.call(), Set.of("interface")).text("interface");
    VarlinkInterface found = interfaces.get(name);
    if (found == null) {
      throw CallException.interfaceNotFound(name);
    }
    return Reply.parameters().put("description", found.description());
  }
}
