"""A machine in QEMU with UEFI firmware, steered over its second serial port. Every wait has an end."""

import base64
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

# One boot takes less than a minute on an idle machine with an emulated processor, more than three on a busy one.
BOOT_SECONDS_MAX = 600
# Beyond what a command itself may take: a busy host, the serial port.
ANSWER_SECONDS_SPARE = 120
MEMORY_MIB = 1536

FIRMWARE = [
    (Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")),
    (Path("/usr/share/OVMF/OVMF_CODE.fd"), Path("/usr/share/OVMF/OVMF_VARS.fd")),
]

AGENT_UNIT = """\
[Unit]
Description=Does what the test asks for
DefaultDependencies=no
ConditionPathExists=!/etc/initrd-release
After=local-fs.target systemd-tmpfiles-setup.service
Before=basic.target shutdown.target
Conflicts=shutdown.target

[Service]
# Not oneshot: it runs as long as the machine, and a boot must count as finished.
Type=exec
ImportCredential=machine-agent
ExecStartPre=/bin/sh -c '. /usr/lib/os-release; echo "booted $IMAGE_VERSION" >/dev/ttyS1'
ExecStart=/bin/bash ${CREDENTIALS_DIRECTORY}/machine-agent
StandardInput=null
"""


class Stuck(Exception):
    """The machine did not do in time what was waited for."""


class Failed(Exception):
    """A claim of the test does not hold."""


class Machine:
    def __init__(self, folder, disk, credentials):
        self.folder = Path(folder)
        self.disk = Path(disk)
        self.credentials = credentials
        self.console = self.folder / "console.log"
        self.process = None
        self._number = 0
        self._listens = False
        code, variables = next(pair for pair in FIRMWARE if pair[0].exists())
        self._code = code
        self._variables = self.folder / "firmware-variables.fd"
        if not self._variables.exists():
            shutil.copyfile(variables, self._variables)

    def power_on(self):
        path = self.folder / "serial"
        path.unlink(missing_ok=True)
        # One processor: Java changes the first instruction of a method while another processor may run it, which real ones
        # bear, and two emulated ones sometimes do not: they run half of the old and half of the new one.
        command = [
            "nice", "-n", "3", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
            "-machine", "q35,smm=off", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", str(MEMORY_MIB),
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={self._code}",
            "-drive", f"if=pflash,unit=1,format=raw,file={self._variables}",
            "-drive", f"if=virtio,format=raw,discard=unmap,file={self.disk}",
            "-netdev", "user,id=network", "-device", "virtio-net-pci,netdev=network,romfile=",
            "-device", "virtio-rng-pci",
            "-chardev", f"file,id=console,append=on,path={self.console}", "-serial", "chardev:console",
            "-chardev", f"socket,id=port,server=on,wait=off,path={path}", "-serial", "chardev:port",
        ]  # fmt: skip
        for name, text in self.credentials.items():
            value = base64.b64encode(text.encode()).decode()
            command += ["-smbios", f"type=11,value=io.systemd.credential.binary:{name}={value}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._serial = socket.socket(socket.AF_UNIX)
        until = time.monotonic() + 20
        while True:
            try:
                self._serial.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > until or self.process.poll() is not None:
                    raise Stuck("QEMU did not start") from None
                time.sleep(0.1)
        self._buffer = b""

    def power_cut(self):
        """Ends QEMU at once: what the machine has not flushed to its disk is gone for it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=30)
            self._serial.close()
            self.process = None

    def power_off(self):
        if self.process is None:
            return
        self._send("systemctl poweroff", 30)
        try:
            self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            raise Stuck("the machine did not switch itself off") from None
        self._serial.close()
        self.process = None

    def reboot(self):
        self._send("systemctl reboot", 30)

    def wait_for_boot(self):
        """The version that says next that it was started."""
        version = self._wait("booted", BOOT_SECONDS_MAX)[0]
        self._listens = False
        return version

    def run(self, command, seconds=60):
        """What the command printed and its status."""
        number = self._send(command, seconds)
        until = time.monotonic() + seconds + ANSWER_SECONDS_SPARE
        while True:
            answer = self._wait("done", until - time.monotonic())
            if answer[0] == number:
                output = base64.b64decode(answer[2]).decode(errors="replace") if len(answer) > 2 else ""
                return int(answer[1]), output

    def _send(self, command, seconds):
        if not self._listens:
            self._wait("ready", ANSWER_SECONDS_SPARE)
            self._listens = True
        self._number += 1
        text = base64.b64encode(command.encode()).decode()
        self._serial.sendall(f"run {self._number} {seconds} {text}\n".encode())
        return str(self._number)

    def _wait(self, verb, seconds):
        until = time.monotonic() + seconds
        while True:
            line, found, rest = self._buffer.partition(b"\n")
            if found:
                self._buffer = rest
                words = line.decode(errors="replace").split()
                if verb in words:
                    return words[words.index(verb) + 1 :]
                continue
            left = until - time.monotonic()
            if left <= 0:
                raise Stuck(f"no '{verb}' within {seconds:.0f} s; see {self.console}")
            self._serial.settimeout(left)
            try:
                piece = self._serial.recv(65536)
            except TimeoutError:
                continue
            if not piece:
                raise Stuck(f"QEMU ended; see {self.console}")
            self._buffer += piece
