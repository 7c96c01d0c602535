package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.cli.RunView.Amounts;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.UpdateEvent;

/**
 * What a run does, as lines of JSON. Programs read them as they are ({@link ProgressLines}), people
 * what is drawn of them ({@link ProgressView}), whichever process they come from.
 *
 * <p>Every object has an {@code event}; sizes are bytes, {@code rate} is bytes per second, {@code
 * secondsLeft} is null while nothing can be said. Fields may be added later; those that are here
 * stay.
 */
final class RunLines {
  private final Tally tally;

  RunLines(InstantSource clock) {
    this.tally = new Tally(clock);
  }

  ObjectNode line(UpdateEvent event) {
    return switch (event) {
      case UpdateEvent.Warning(var text) -> line("warning").put("text", text);
      case UpdateEvent.Notice(var text) -> line("notice").put("text", text);
      case UpdateEvent.Detail(var text) -> line("detail").put("text", text);
      case UpdateEvent.MakingRoom(var set) ->
          line("making-room").put("version", set.version().text());
      case UpdateEvent.AlreadyAcquired(var set) ->
          line("already-acquired").put("version", set.version().text());
      case UpdateEvent.Removing(var removal) ->
          line("removing")
              .put("version", removal.instance().version().text())
              .put("location", removal.instance().location())
              .put("type", removal.instance().type().text())
              .put("cause", removal.cause().name().toLowerCase(Locale.ROOT));
      case UpdateEvent.SweptLeftovers(var directory, var count) ->
          line("swept-leftovers").put("directory", directory).put("count", count);
      case UpdateEvent.RemovedOrphan(var path) -> line("removed-orphan").put("location", path);
      case UpdateEvent.AcquireStarted(var set, var transfers, var total) -> {
        tally.acquireStarted(total);
        var node = line("acquire-started").put("version", set.version().text());
        Json.put(node.put("transfers", transfers), "total", total);
        yield node;
      }
      case UpdateEvent.TransferKept(_, var id, var held) ->
          line("transfer-kept").put("transfer", id).put("location", held.location());
      case UpdateEvent.TransferStarted start -> {
        tally.partStarted(start.totalBytes());
        var node =
            line("transfer-started")
                .put("transfer", start.transferId())
                .put("source", start.source().location())
                .put("target", start.target());
        Json.put(node, "total", start.totalBytes());
        yield node;
      }
      case UpdateEvent.TransferProgress progress -> {
        tally.partIs(progress);
        yield transfer("progress", progress.transferId(), tally.part());
      }
      case UpdateEvent.TransferFinished finished ->
          transfer("transfer-finished", finished.transferId(), tally.partFinished(finished));
      case UpdateEvent.VerificationStarted(var id, var location, var total) -> {
        tally.partStarted(OptionalLong.of(total));
        yield line("verification-started")
            .put("transfer", id)
            .put("location", location)
            .put("total", total);
      }
      case UpdateEvent.VerificationProgress(var id, var read, var total) ->
          line("verification-progress")
              .put("transfer", id)
              .put("read", read)
              .put("total", total)
              .put("rate", SizeText.perSecond(read, tally.partElapsed()));
      case UpdateEvent.VerificationFinished(var id, var read) ->
          line("verification-finished")
              .put("transfer", id)
              .put("read", read)
              .put("rate", SizeText.perSecond(read, tally.partElapsed()));
      case UpdateEvent.RootHashSigned signed ->
          line("root-hash-signed")
              .put("transfer", signed.transferId())
              .put("rootHash", signed.root().hex())
              .put("certificate", signed.certificate())
              .put("fingerprint", signed.fingerprint().orElse(null))
              .put("compared", signed.compared());
      case UpdateEvent.InstallStarted(var set) ->
          line("install-started").put("version", set.version().text());
      case UpdateEvent.MemberInstalled(var id, var path) ->
          line("member-installed").put("transfer", id).put("location", path);
      case UpdateEvent.Installed(var set) -> line("installed").put("version", set.version().text());
    };
  }

  /** The part, and beside it all parts together. */
  private ObjectNode transfer(String name, String id, Amounts part) {
    var node = line(name).put("transfer", id);
    amounts(node, part);
    amounts(node.putObject("all"), tally.run());
    return node;
  }

  private static void amounts(ObjectNode node, Amounts amounts) {
    node.put("fetched", amounts.fetched())
        .put("reused", amounts.reused())
        .put("written", amounts.written());
    Json.put(node, "total", amounts.total());
    node.put("rate", amounts.rate());
    Json.put(node, "secondsLeft", amounts.secondsLeft());
  }

  /**
   * How an update ended well.
   *
   * @param component that it was for, if not for the system itself
   */
  ObjectNode ended(Optional<String> component, Outcome outcome) {
    var node = line("ended");
    component.ifPresent(name -> node.put("component", name));
    OutcomeNode.fill(node, outcome);
    amounts(node.putObject("all"), tally.run());
    return node;
  }

  /** How it ended otherwise. */
  static ObjectNode failed(Optional<String> component, UpdateException failure, ExitStatus status) {
    var node = line("failed");
    component.ifPresent(name -> node.put("component", name));
    return node.put("exitStatus", status.code())
        .put("kind", failure.kind().name())
        .put("reason", failure.reason().name())
        .put("message", failure.getMessage())
        .put("found", failure.found().orElse(null))
        .put("state", failure.state().orElse(null))
        .put("remedy", failure.remedy());
  }

  private static ObjectNode line(String name) {
    return Json.object().put("event", name);
  }
}
