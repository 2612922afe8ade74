using EpcActors.Engine;

namespace EpcActors.Cluster.Sharing;

/// <summary>State of a call of a task to another process.</summary>
internal enum CallState
{
    /// <summary>The task has none.</summary>
    Idle,

    /// <summary>Waits until another call to the same process is answered: the window is full.</summary>
    Waiting,

    /// <summary>Sent, or deferred by the owner; sent again until it is answered.</summary>
    Sent,

    /// <summary>Answered; the task has not run since.</summary>
    Answered,

    /// <summary>The process that was asked is dead.</summary>
    Gone,
}

/// <summary>The call of one task. A task has one at a time, so this record is sufficient.</summary>
internal sealed class Call(int caller)
{
    public readonly int Caller = caller;

    public CallState State;

    /// <summary>The process that is asked.</summary>
    public int Target;

    /// <summary>Its counter; -1 for none. A call with a shared counter follows the counter to another owner.</summary>
    public int Counter;

    /// <summary>The request as it was sent, then the answer.</summary>
    public Frame Frame;

    /// <summary>Ticks since it was sent.</summary>
    public int Age;

    /// <summary>Ticks to wait for an answer before it is sent again; doubled each time, up to a limit.</summary>
    public int Patience;

    /// <summary>Ticks since the task asked.</summary>
    [NotState]
    public int Waited;

    /// <summary>
    /// For an <see cref="ClusterProtocol.UnchargeCounter"/> or <see cref="ClusterProtocol.AddToCounter"/>: the amount
    /// of the task; that of the frame may be less or more, because of the stock.
    /// </summary>
    public long Bytes;

    /// <summary>Queue in which the task waits.</summary>
    public WaitQueue Waiter;
}

/// <summary>
/// The last request of one task of another process, with its answer: a repeated request gets the same answer.
/// </summary>
internal sealed class Served(int member, int caller, int ticket)
{
    public readonly int Member = member;
    public readonly int Caller = caller;
    public readonly int Ticket = ticket;
    public int Incarnation;
    public uint Sequence;

    /// <summary>A request worker is at it.</summary>
    public bool IsRunning;

    /// <summary>The request while it runs, then the answer.</summary>
    public Frame Frame;

    /// <summary>Change that it made to its counter.</summary>
    public long Effect;
}
