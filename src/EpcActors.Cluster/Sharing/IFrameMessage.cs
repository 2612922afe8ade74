using EpcActors.Engine;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// A request that may go to another process, unchanged: its layout is part of the wire format
/// (<see cref="Frame.CurrentVersion"/>). A message without this mark stays in its process; a call with it does not
/// compile. <see cref="WireMessages"/> lists them all.
/// </summary>
public interface IFrameMessage : IMessage;

/// <summary>A request to the owner of a shared counter: served in the turn in which it arrives.</summary>
public interface IOwnerMessage : IFrameMessage
{
    /// <summary>Number of the counter.</summary>
    int CounterNumber { get; }
}

/// <summary>Work that takes more than one turn: a request worker of the asked process does it.</summary>
public interface IWorkerMessage : IFrameMessage
{
    /// <summary>
    /// Kind of request worker, from 0. Reclaim waits for locks of enclaves, so it is kept apart: the holder of such a
    /// lock may wait for any other request (a page, a look at the lists, stock), but never for reclaim.
    /// </summary>
    int WorkerKind { get; }
}

/// <summary>News for another process: taken in the turn in which it arrives; nothing there delays it.</summary>
public interface INewsMessage : IFrameMessage;

/// <summary>A request to the owner of a shared counter, as a gateway handles it.</summary>
internal interface IServesAsOwner<TMessage>
    where TMessage : unmanaged, IOwnerMessage
{
    /// <summary>At the owner: decides, fills in the answer, and changes the counter.</summary>
    /// <param name="member">Member that asks.</param>
    /// <param name="message">The request; then the answer.</param>
    /// <param name="effect">Change that it made to the counter.</param>
    /// <param name="turn">The turn.</param>
    /// <returns>False: not now; the caller asks again.</returns>
    bool Serve(int member, ref TMessage message, out long effect, Turn turn);

    /// <summary>At the process that asked: books the answer of the owner.</summary>
    void Book(int counter, in TMessage asked, in TMessage answered);

    /// <summary>
    /// At the process that asked: the amount between its grants and what its tasks use and its stock has.
    /// </summary>
    /// <param name="message">The request as it was sent; once it is answered, the answer.</param>
    /// <param name="bytes">Amount of the task that asked.</param>
    /// <param name="isAnswered">The answer is booked, and the task has not run since.</param>
    long UnderWay(in TMessage message, long bytes, bool isAnswered);
}

/// <summary>News, as a gateway handles them.</summary>
internal interface ITakesNews<TMessage>
    where TMessage : unmanaged, INewsMessage
{
    void Take(in TMessage news);
}

/// <summary>A request, as a request worker handles it.</summary>
internal interface IDoes<TMessage>
    where TMessage : unmanaged, IWorkerMessage
{
    /// <summary>Does the work.</summary>
    /// <param name="request">The request.</param>
    /// <param name="member">Member that asks.</param>
    /// <param name="incarnation">Its incarnation.</param>
    /// <returns>The answer.</returns>
    Routine<TMessage> Do(TMessage request, int member, int incarnation);
}
