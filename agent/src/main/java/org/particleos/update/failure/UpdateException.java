package org.particleos.update.failure;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something in the world kept an operation from succeeding. A broken invariant of the program is an
 * {@link IllegalStateException} or {@link AssertionError} instead.
 *
 * <p>The subclass says of which kind it is and decides the exit status; {@link #reason()} says
 * which rule it was. The text is in four parts, in the terminal, the journal and over IPC alike:
 * {@linkplain #getMessage() what} was refused (we decided) or failed (the world did), what was
 * {@linkplain #found() found}, in what {@linkplain #state() state} the system is, and the
 * {@linkplain #remedy() remedy}. Text from outside is quoted with {@link Quote} before it gets in
 * here.
 *
 * <p>Who throws knows what and found; in which state that leaves the system only an outer layer may
 * know, and adds it with {@link #inState}.
 */
public abstract sealed class UpdateException extends Exception {
  private final Reason reason;
  private final Optional<String> found;
  private final String remedy;
  private @Nullable String state;

  private UpdateException(Details details) {
    super(details.what, details.cause);
    this.reason = details.reason;
    this.found = Optional.ofNullable(details.found);
    this.state = details.state;
    this.remedy = details.remedy;
  }

  public final Reason reason() {
    return reason;
  }

  /** What was found instead of what was expected; empty where the message says all. */
  public final Optional<String> found() {
    return found;
  }

  /** The state of the system after the failure; empty as long as no layer has said it. */
  public final Optional<String> state() {
    return Optional.ofNullable(state);
  }

  /** What the reader can do now. */
  public final String remedy() {
    return remedy;
  }

  /** Says in which state the system is left, unless an inner layer knew better. Returns this. */
  public final UpdateException inState(String systemState) {
    if (state == null) {
      state = Objects.requireNonNull(systemState);
    }
    return this;
  }

  /** The kinds by name, for failures that travel between processes. */
  public enum Kind {
    CONFIGURATION,
    NOT_TRUSTED,
    UNREACHABLE,
    NO_SPACE,
    BUSY,
    WRITE_FAILED,
    NOT_PERMITTED,
    DISK_DAMAGED,
    NOT_AVAILABLE,
    UNFIT,
    INTERRUPTED
  }

  public final Kind kind() {
    return switch (this) {
      case Configuration _ -> Kind.CONFIGURATION;
      case NotTrusted _ -> Kind.NOT_TRUSTED;
      case Unreachable _ -> Kind.UNREACHABLE;
      case NoSpace _ -> Kind.NO_SPACE;
      case Busy _ -> Kind.BUSY;
      case WriteFailed _ -> Kind.WRITE_FAILED;
      case NotPermitted _ -> Kind.NOT_PERMITTED;
      case DiskDamaged _ -> Kind.DISK_DAMAGED;
      case NotAvailable _ -> Kind.NOT_AVAILABLE;
      case Unfit _ -> Kind.UNFIT;
      case Interrupted _ -> Kind.INTERRUPTED;
    };
  }

  /** Starts the description of a failure. {@code what} is a clause without a full stop. */
  public static Details because(Reason reason, String what) {
    return new Details(reason, what);
  }

  /** A description that becomes an exception of one kind with its last call. */
  public static final class Details {
    private final Reason reason;
    private final String what;
    private @Nullable String found;
    private @Nullable String state;
    private String remedy = "";
    private @Nullable Throwable cause;

    private Details(Reason reason, String what) {
      this.reason = Objects.requireNonNull(reason);
      this.what = Objects.requireNonNull(what);
    }

    public Details found(String text) {
      this.found = Objects.requireNonNull(text);
      return this;
    }

    public Details state(String text) {
      this.state = Objects.requireNonNull(text);
      return this;
    }

    public Details remedy(String text) {
      this.remedy = Objects.requireNonNull(text);
      return this;
    }

    public Details cause(Throwable throwable) {
      this.cause = Objects.requireNonNull(throwable);
      return this;
    }

    /** For a failure that another process has described. */
    public UpdateException ofKind(Kind kind) {
      return switch (kind) {
        case CONFIGURATION -> configuration();
        case NOT_TRUSTED -> notTrusted();
        case UNREACHABLE -> unreachable();
        case NO_SPACE -> noSpace();
        case BUSY -> busy();
        case WRITE_FAILED -> writeFailed();
        case NOT_PERMITTED -> notPermitted();
        case DISK_DAMAGED -> diskDamaged();
        case NOT_AVAILABLE -> notAvailable();
        case UNFIT -> unfit();
        case INTERRUPTED -> interrupted();
      };
    }

    public Configuration configuration() {
      return new Configuration(this);
    }

    public NotTrusted notTrusted() {
      return new NotTrusted(this);
    }

    public Unreachable unreachable() {
      return new Unreachable(this);
    }

    public NoSpace noSpace() {
      return new NoSpace(this);
    }

    public Busy busy() {
      return new Busy(this);
    }

    public WriteFailed writeFailed() {
      return new WriteFailed(this);
    }

    public NotPermitted notPermitted() {
      return new NotPermitted(this);
    }

    public DiskDamaged diskDamaged() {
      return new DiskDamaged(this);
    }

    public NotAvailable notAvailable() {
      return new NotAvailable(this);
    }

    public Unfit unfit() {
      return new Unfit(this);
    }

    public Interrupted interrupted() {
      return new Interrupted(this);
    }
  }

  /** Definition files, options or the set-up of the machine contradict themselves or each other. */
  public static final class Configuration extends UpdateException {
    private Configuration(Details details) {
      super(details);
    }
  }

  /** What the server sent is not what a trusted key signed, or not fresh, or not well-formed. */
  public static final class NotTrusted extends UpdateException {
    private NotTrusted(Details details) {
      super(details);
    }
  }

  /** The source could not be read: no connection, an error status, a stall, a body cut short. */
  public static final class Unreachable extends UpdateException {
    private Unreachable(Details details) {
      super(details);
    }
  }

  /** No slot, too small a slot, or a full file system. */
  public static final class NoSpace extends UpdateException {
    private NoSpace(Details details) {
      super(details);
    }
  }

  /** Another process is at work on the same installation or disk. */
  public static final class Busy extends UpdateException {
    private Busy(Details details) {
      super(details);
    }
  }

  /** A local disk or file system failed while it was read or written. */
  public static final class WriteFailed extends UpdateException {
    private WriteFailed(Details details) {
      super(details);
    }
  }

  /** The caller lacks the permission for it. */
  public static final class NotPermitted extends UpdateException {
    private NotPermitted(Details details) {
      super(details);
    }
  }

  /** The partition table cannot be relied on. */
  public static final class DiskDamaged extends UpdateException {
    private DiskDamaged(Details details) {
      super(details);
    }
  }

  /** The version asked for is not there or may not be installed. */
  public static final class NotAvailable extends UpdateException {
    private NotAvailable(Details details) {
      super(details);
    }
  }

  /** The parts of the version do not belong together, or this machine could not start them. */
  public static final class Unfit extends UpdateException {
    private Unfit(Details details) {
      super(details);
    }
  }

  /** A signal or a cancel request ended the operation. */
  public static final class Interrupted extends UpdateException {
    private Interrupted(Details details) {
      super(details);
    }
  }
}
