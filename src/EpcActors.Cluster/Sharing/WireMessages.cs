using System.Runtime.CompilerServices;
using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <summary>A message that travels, with what its receiver does.</summary>
public abstract class WireMessage
{
    private protected WireMessage(ushort code, string name, int size)
    {
        Invariant.That(size <= Frame.MaxPayload, "a message is too long for a frame");
        Code = code;
        Name = name;
        Size = size;
    }

    /// <summary>Its manifest: <see cref="IMessage.Code"/>.</summary>
    public ushort Code { get; }

    /// <summary>Its name in <see cref="ClusterProtocol"/>.</summary>
    public string Name { get; }

    /// <summary>The version of the wire format that its layout belongs to.</summary>
    public byte Version => Frame.CurrentVersion;

    /// <summary>Bytes that it has, on the wire as in memory.</summary>
    public int Size { get; }
}

/// <summary>A message to the owner of a shared counter.</summary>
internal abstract class OwnerMessage(ushort code, string name, int size) : WireMessage(code, name, size)
{
    /// <summary>As <see cref="IServesAsOwner{TMessage}.Serve"/>, of a frame that becomes the answer.</summary>
    public abstract bool Serve(Gateway gateway, ref Frame frame, out long effect, Turn turn);

    /// <summary>As <see cref="IServesAsOwner{TMessage}.Book"/>.</summary>
    public abstract void Book(Gateway gateway, int counter, in Frame asked, in Frame answered);

    /// <summary>As <see cref="IServesAsOwner{TMessage}.UnderWay"/>.</summary>
    public abstract long UnderWay(Gateway gateway, in Frame frame, long bytes, bool isAnswered);
}

/// <summary>A message to a request worker.</summary>
internal abstract class WorkerMessage(ushort code, string name, int size) : WireMessage(code, name, size)
{
    /// <summary>As <see cref="IWorkerMessage.WorkerKind"/>.</summary>
    public abstract int WorkerKindOf(in Frame frame);

    /// <summary>As <see cref="IDoes{TMessage}.Do"/>: the frame with the answer.</summary>
    public abstract Routine<Frame> Do(RequestWorker worker, Frame frame);
}

/// <summary>News.</summary>
internal abstract class NewsMessage(ushort code, string name, int size) : WireMessage(code, name, size)
{
    /// <summary>As <see cref="ITakesNews{TMessage}.Take"/>.</summary>
    public abstract void Take(Gateway gateway, in Frame frame);
}

/// <summary>
/// Every message that may be in a frame. A message that is not listed here is not accepted from the wire; one whose
/// receiver has no method for it cannot be listed; a test compares the list with the marks. Immutable: any thread may
/// use it.
/// </summary>
public static class WireMessages
{
    /// <summary>In ascending order of their codes.</summary>
    public static IReadOnlyList<WireMessage> All { get; } =
    [
        Owner<Gateway, ChargeCounter>(),
        Owner<Gateway, UnchargeCounter>(),
        Owner<Gateway, AddToCounter>(),
        Owner<Gateway, LoadCounter>(),
        Owner<Gateway, StoreCounter>(),
        Owner<Gateway, ReadCounter>(),
        Owner<Gateway, WriteCounterMax>(),
        Owner<Gateway, ReportCounter>(),
        Work<RequestWorker, BorrowPage>(),
        Work<RequestWorker, ReturnPage>(),
        Work<RequestWorker, ReclaimAt>(),
        Work<RequestWorker, WakeKsgxd>(),
        Work<RequestWorker, QueueWorkAt>(),
        Work<RequestWorker, ReadNodeAt>(),
        Work<RequestWorker, DrainStock>(),
        News<Gateway, ShareMax>(),
    ];

    private static readonly WireMessage?[] ByCode = Index();

    /// <summary>The message with a code; null when no such message travels.</summary>
    public static WireMessage? Find(ushort code) => code < ByCode.Length ? ByCode[code] : null;

    private static WireMessage Owner<TReceiver, TMessage>()
        where TReceiver : class, IServesAsOwner<TMessage>
        where TMessage : unmanaged, IOwnerMessage => new AtOwner<TReceiver, TMessage>();

    private static WireMessage Work<TReceiver, TMessage>()
        where TReceiver : class, IDoes<TMessage>
        where TMessage : unmanaged, IWorkerMessage => new ByWorker<TReceiver, TMessage>();

    private static WireMessage News<TReceiver, TMessage>()
        where TReceiver : class, ITakesNews<TMessage>
        where TMessage : unmanaged, INewsMessage => new AsNews<TReceiver, TMessage>();

    private static WireMessage?[] Index()
    {
        WireMessage?[] byCode = new WireMessage?[All[^1].Code + 1];
        foreach (WireMessage message in All)
        {
            Invariant.That(byCode[message.Code] is null, "two messages have one code");
            byCode[message.Code] = message;
        }

        return byCode;
    }

    private sealed class AtOwner<TReceiver, TMessage>()
        : OwnerMessage(TMessage.Code, typeof(TMessage).Name, Unsafe.SizeOf<TMessage>())
        where TReceiver : class, IServesAsOwner<TMessage>
        where TMessage : unmanaged, IOwnerMessage
    {
        public override bool Serve(Gateway gateway, ref Frame frame, out long effect, Turn turn)
        {
            TMessage message = frame.Read<TMessage>();
            bool isServed = ((TReceiver)(object)gateway).Serve(frame.From, ref message, out effect, turn);
            frame.Write(in message);
            return isServed;
        }

        public override void Book(Gateway gateway, int counter, in Frame asked, in Frame answered) =>
            ((TReceiver)(object)gateway).Book(counter, asked.Read<TMessage>(), answered.Read<TMessage>());

        public override long UnderWay(Gateway gateway, in Frame frame, long bytes, bool isAnswered) =>
            ((TReceiver)(object)gateway).UnderWay(frame.Read<TMessage>(), bytes, isAnswered);
    }

    private sealed class ByWorker<TReceiver, TMessage>()
        : WorkerMessage(TMessage.Code, typeof(TMessage).Name, Unsafe.SizeOf<TMessage>())
        where TReceiver : class, IDoes<TMessage>
        where TMessage : unmanaged, IWorkerMessage
    {
        public override int WorkerKindOf(in Frame frame) => frame.Read<TMessage>().WorkerKind;

        public override async Routine<Frame> Do(RequestWorker worker, Frame frame)
        {
            TMessage answer = await ((TReceiver)(object)worker).Do(
                frame.Read<TMessage>(), frame.From, frame.FromIncarnation);
            frame.Write(in answer);
            return frame;
        }
    }

    private sealed class AsNews<TReceiver, TMessage>()
        : NewsMessage(TMessage.Code, typeof(TMessage).Name, Unsafe.SizeOf<TMessage>())
        where TReceiver : class, ITakesNews<TMessage>
        where TMessage : unmanaged, INewsMessage
    {
        public override void Take(Gateway gateway, in Frame frame) =>
            ((TReceiver)(object)gateway).Take(frame.Read<TMessage>());
    }
}
