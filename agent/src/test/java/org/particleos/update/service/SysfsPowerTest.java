package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.policy.Answer;
import org.particleos.update.policy.Energy;

class SysfsPowerTest {
  @TempDir Path supplies;

  /** A supply with files of these contents: name, content, name, content. */
  private SysfsPowerTest supply(String name, String... files) throws Exception {
    Path folder = Files.createDirectories(supplies.resolve(name));
    for (int i = 0; i < files.length; i += 2) {
      Files.writeString(folder.resolve(files[i]), files[i + 1] + "\n");
    }
    return this;
  }

  private Energy energy() {
    return new SysfsPower(supplies).energy();
  }

  @Test
  void aMachineWithoutBatteriesIsFed() {
    assertEquals(new Energy(Answer.NO, OptionalInt.empty()), energy());
  }

  @Test
  void whereThereIsNoSuchFolderNothingIsKnown() {
    assertEquals(Energy.UNKNOWN, new SysfsPower(supplies.resolve("missing")).energy());
  }

  @Test
  void aNotebookRunsOnBatteryWhenItDischargesAndNothingFeedsIt() throws Exception {
    supply("AC", "type", "Mains", "online", "0");
    supply("BAT0", "type", "Battery", "status", "Discharging", "capacity", "41", "present", "1");
    assertEquals(new Energy(Answer.YES, OptionalInt.of(41)), energy());

    supply("AC", "type", "Mains", "online", "1");
    assertEquals(new Energy(Answer.NO, OptionalInt.of(41)), energy());
  }

  @Test
  void aWeakChargerFeedsTheMachineThoughTheBatteryDischarges() throws Exception {
    supply("usb", "type", "USB", "online", "1");
    supply("BAT0", "type", "Battery", "status", "Discharging", "capacity", "41");

    assertEquals(Answer.NO, energy().onBattery());
  }

  @Test
  void severalBatteriesCountByWhatTheyHold() throws Exception {
    supply(
        "BAT0",
        "type",
        "Battery",
        "status",
        "Unknown",
        "capacity",
        "100",
        "energy_full",
        "10000000");
    supply(
        "BAT1",
        "type",
        "Battery",
        "status",
        "Discharging",
        "capacity",
        "0",
        "energy_full",
        "30000000");

    assertEquals(new Energy(Answer.YES, OptionalInt.of(25)), energy());
  }

  @Test
  void batteriesOfMiceAndBaysWithoutOneDoNotCount() throws Exception {
    supply("mouse", "type", "Battery", "scope", "Device", "status", "Discharging", "capacity", "3");
    supply("BAT1", "type", "Battery", "present", "0", "status", "Discharging", "capacity", "0");

    assertEquals(new Energy(Answer.NO, OptionalInt.empty()), energy());
  }

  @Test
  void nonsenseIsNoCharge() throws Exception {
    supply("BAT0", "type", "Battery", "status", "Discharging", "capacity", "full");

    assertEquals(new Energy(Answer.YES, OptionalInt.empty()), energy());
  }
}
