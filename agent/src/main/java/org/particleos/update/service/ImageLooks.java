package org.particleos.update.service;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Has a worker look into disk images, which it mounts for that. */
public final class ImageLooks implements Targets.ImageQuestion {
  private final Jobs jobs;

  public ImageLooks(Jobs jobs) {
    this.jobs = jobs;
  }

  @Override
  public boolean holdsDefaultComponent(Path image) throws IOException, InterruptedException {
    // The class says nothing to a worker: it is the image that counts.
    var target =
        new ServedTarget(
            new TargetId(TargetClass.MACHINE, String.valueOf(image.getFileName())),
            image.toString(),
            new ServedTarget.Place.Image(image));
    try {
      Job job =
          jobs.start(JobRequest.of(JobType.LIST, target).offline(true), new Job.Observer() {});
      return switch (job.end().get()) {
        case JobEnd.Done _ -> true;
        case JobEnd.Failed(var failure) -> {
          if (failure.reason() == Reason.NO_DEFINITIONS) {
            yield false;
          }
          throw new IOException(failure.message());
        }
        case JobEnd.Died(var status, _) ->
            throw new IOException("the worker ended with status " + status);
      };
    } catch (UpdateException | ExecutionException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
