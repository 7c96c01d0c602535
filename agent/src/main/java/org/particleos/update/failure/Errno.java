package org.particleos.update.failure;

/**
 * Linux error numbers as the service manager's {@code ERRNO=} message and D-Bus errors use them.
 */
public enum Errno {
  EPERM(1),
  ENOENT(2),
  EIO(5),
  ENXIO(6),
  E2BIG(7),
  EBADF(9),
  EAGAIN(11),
  EACCES(13),
  EBUSY(16),
  EEXIST(17),
  ENODEV(19),
  EINVAL(22),
  EFBIG(27),
  ENOSPC(28),
  EROFS(30),
  ENODATA(61),
  EPROTO(71),
  EBADMSG(74),
  EOPNOTSUPP(95),
  EHOSTDOWN(112),
  ESTALE(116),
  EUCLEAN(117),
  ENOMEDIUM(123),
  ECANCELED(125),
  ENOKEY(126),
  EHWPOISON(133);

  private final int number;

  Errno(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
