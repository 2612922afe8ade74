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

/// <summary>A message to the home of an account.</summary>
internal abstract class HomeMessage(ushort code, string name, int size) : WireMessage(code, name, size)
{
    /// <summary>As <see cref="IServesAtHome{TMessage}.Serve"/>, of a frame that becomes the answer.</summary>
    public abstract bool Serve(Exchange exchange, ref Frame frame, out long effect, Turn turn);

    /// <summary>As <see cref="IServesAtHome{TMessage}.Book"/>.</summary>
    public abstract void Book(Exchange exchange, int account, in Frame asked, in Frame answered);

    /// <summary>As <see cref="IServesAtHome{TMessage}.UnderWay"/>.</summary>
    public abstract long UnderWay(Exchange exchange, in Frame frame, long bytes, bool isAnswered);
}

/// <summary>A message to a deputy.</summary>
internal abstract class DeputyMessage(ushort code, string name, int size) : WireMessage(code, name, size)
{
    /// <summary>As <see cref="IDeputyMessage.Lane"/>.</summary>
    public abstract int LaneOf(in Frame frame);

    /// <summary>As <see cref="IDoes{TMessage}.Do"/>: the frame with the answer.</summary>
    public abstract Routine<Frame> Do(Deputy deputy, Frame frame);
}

/// <summary>News.</summary>
internal abstract class NewsMessage(ushort code, string name, int size) : WireMessage(code, name, size)
{
    /// <summary>As <see cref="ITakesNews{TMessage}.Take"/>.</summary>
    public abstract void Take(Exchange exchange, in Frame frame);
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
        Home<Exchange, ChargeAccount>(),
        Home<Exchange, UnchargeAccount>(),
        Home<Exchange, AddAccount>(),
        Home<Exchange, LoadAccount>(),
        Home<Exchange, StoreAccount>(),
        Home<Exchange, ReadAccount>(),
        Home<Exchange, WriteAccountMax>(),
        Home<Exchange, ReportAccount>(),
        Work<Deputy, BorrowPage>(),
        Work<Deputy, ReturnPage>(),
        Work<Deputy, ReclaimAt>(),
        Work<Deputy, WakeKsgxd>(),
        Work<Deputy, QueueWorkAt>(),
        Work<Deputy, ReadNodeAt>(),
        Work<Deputy, DrainStock>(),
        News<Exchange, ShareMax>(),
    ];

    private static readonly WireMessage?[] ByCode = Index();

    /// <summary>The message with a code; null when no such message travels.</summary>
    public static WireMessage? Find(ushort code) => code < ByCode.Length ? ByCode[code] : null;

    private static WireMessage Home<TReceiver, TMessage>()
        where TReceiver : class, IServesAtHome<TMessage>
        where TMessage : unmanaged, IHomeMessage => new AtHome<TReceiver, TMessage>();

    private static WireMessage Work<TReceiver, TMessage>()
        where TReceiver : class, IDoes<TMessage>
        where TMessage : unmanaged, IDeputyMessage => new ByDeputy<TReceiver, TMessage>();

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

    private sealed class AtHome<TReceiver, TMessage>()
        : HomeMessage(TMessage.Code, typeof(TMessage).Name, Unsafe.SizeOf<TMessage>())
        where TReceiver : class, IServesAtHome<TMessage>
        where TMessage : unmanaged, IHomeMessage
    {
        public override bool Serve(Exchange exchange, ref Frame frame, out long effect, Turn turn)
        {
            TMessage message = frame.Read<TMessage>();
            bool isServed = ((TReceiver)(object)exchange).Serve(frame.From, ref message, out effect, turn);
            frame.Write(in message);
            return isServed;
        }

        public override void Book(Exchange exchange, int account, in Frame asked, in Frame answered) =>
            ((TReceiver)(object)exchange).Book(account, asked.Read<TMessage>(), answered.Read<TMessage>());

        public override long UnderWay(Exchange exchange, in Frame frame, long bytes, bool isAnswered) =>
            ((TReceiver)(object)exchange).UnderWay(frame.Read<TMessage>(), bytes, isAnswered);
    }

    private sealed class ByDeputy<TReceiver, TMessage>()
        : DeputyMessage(TMessage.Code, typeof(TMessage).Name, Unsafe.SizeOf<TMessage>())
        where TReceiver : class, IDoes<TMessage>
        where TMessage : unmanaged, IDeputyMessage
    {
        public override int LaneOf(in Frame frame) => frame.Read<TMessage>().Lane;

        public override async Routine<Frame> Do(Deputy deputy, Frame frame)
        {
            TMessage answer = await ((TReceiver)(object)deputy).Do(
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
        public override void Take(Exchange exchange, in Frame frame) =>
            ((TReceiver)(object)exchange).Take(frame.Read<TMessage>());
    }
}
