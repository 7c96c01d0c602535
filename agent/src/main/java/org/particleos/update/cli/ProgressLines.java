package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.OptionalLong;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.UpdateEvent;

/**
 * Tells what a run does as JSON, one object in each line ({@code --progress=json}). Every object
 * has an {@code event}; sizes are bytes, {@code rate} is bytes per second, {@code secondsLeft} is
 * null while nothing can be said. Fields may be added later; those that are here stay.
 */
final class ProgressLines implements RunView {
  private final PrintStream out;
  private final Tally tally;

  ProgressLines(PrintStream out, InstantSource clock) {
    this.out = out;
    this.tally = new Tally(clock);
  }

  @Override
  public Tally tally() {
    return tally;
  }

  @Override
  public void on(UpdateEvent event) {
    switch (event) {
      case UpdateEvent.Warning(var text) -> print(event("warning").put("text", text));
      case UpdateEvent.Notice(var text) -> print(event("notice").put("text", text));
      case UpdateEvent.Detail(var text) -> print(event("detail").put("text", text));
      case UpdateEvent.MakingRoom(var set) ->
          print(event("making-room").put("version", set.version().text()));
      case UpdateEvent.AlreadyAcquired(var set) ->
          print(event("already-acquired").put("version", set.version().text()));
      case UpdateEvent.Removing(var removal) ->
          print(
              event("removing")
                  .put("version", removal.instance().version().text())
                  .put("location", removal.instance().location())
                  .put("type", removal.instance().type().text()));
      case UpdateEvent.SweptLeftovers(var directory, var count) ->
          print(event("swept-leftovers").put("directory", directory).put("count", count));
      case UpdateEvent.RemovedOrphan(var path) ->
          print(event("removed-orphan").put("location", path));
      case UpdateEvent.AcquireStarted(var set, var transfers, var total) -> {
        tally.acquireStarted(total);
        var node = event("acquire-started").put("version", set.version().text());
        Json.put(node.put("transfers", transfers), "total", total);
        print(node);
      }
      case UpdateEvent.TransferKept(_, var id, var held) ->
          print(event("transfer-kept").put("transfer", id).put("location", held.location()));
      case UpdateEvent.TransferStarted start -> {
        tally.partStarted(start.totalBytes());
        var node =
            event("transfer-started")
                .put("transfer", start.transferId())
                .put("source", start.source().location())
                .put("target", start.target());
        Json.put(node, "total", start.totalBytes());
        print(node);
      }
      case UpdateEvent.TransferProgress progress -> {
        tally.partIs(progress);
        transfer("progress", progress.transferId(), tally.part());
      }
      case UpdateEvent.TransferFinished finished ->
          transfer("transfer-finished", finished.transferId(), tally.partFinished(finished));
      case UpdateEvent.VerificationStarted(var id, var location, var total) -> {
        tally.partStarted(OptionalLong.of(total));
        print(
            event("verification-started")
                .put("transfer", id)
                .put("location", location)
                .put("total", total));
      }
      case UpdateEvent.VerificationProgress(var id, var read, var total) ->
          print(
              event("verification-progress")
                  .put("transfer", id)
                  .put("read", read)
                  .put("total", total));
      case UpdateEvent.VerificationFinished(var id, var read) ->
          print(event("verification-finished").put("transfer", id).put("read", read));
      case UpdateEvent.InstallStarted(var set) ->
          print(event("install-started").put("version", set.version().text()));
      case UpdateEvent.MemberInstalled(var id, var path) ->
          print(event("member-installed").put("transfer", id).put("location", path));
      case UpdateEvent.Installed(var set) ->
          print(event("installed").put("version", set.version().text()));
    }
  }

  /** The part, and beside it all parts together. */
  private void transfer(String name, String id, Amounts part) {
    var node = event(name).put("transfer", id);
    amounts(node, part);
    amounts(node.putObject("all"), tally.run());
    print(node);
  }

  private static void amounts(ObjectNode node, Amounts amounts) {
    node.put("fetched", amounts.fetched())
        .put("reused", amounts.reused())
        .put("written", amounts.written());
    Json.put(node, "total", amounts.total());
    node.put("rate", amounts.rate());
    Json.put(node, "secondsLeft", amounts.secondsLeft());
  }

  @Override
  public void ended(Outcome outcome) {
    var node = event("ended");
    OutcomeNode.fill(node, outcome);
    amounts(node.putObject("all"), tally.run());
    print(node);
  }

  @Override
  public void failed(UpdateException failure, ExitStatus status) {
    var node =
        event("failed")
            .put("exitStatus", status.code())
            .put("kind", failure.kind().name())
            .put("reason", failure.reason().name())
            .put("message", failure.getMessage());
    node.put("found", failure.found().orElse(null))
        .put("state", failure.state().orElse(null))
        .put("remedy", failure.remedy());
    print(node);
  }

  private static ObjectNode event(String name) {
    return Json.object().put("event", name);
  }

  private void print(ObjectNode node) {
    Json.print(out, JsonMode.SHORT, node);
    out.flush();
  }
}
