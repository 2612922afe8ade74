using Akka.Actor;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The wire's end in a member, <c>/user/epc-gateway</c>: bundles of other members arrive here, and those for them
/// leave from here. Frames have an actor of their own, so that a message of the coordinator does not wait behind them.
/// </summary>
/// <remarks>
/// A turn is one message: a bundle that came, or a queue that has frames. A queue is scheduled by the first frame that
/// is put on it, behind the messages that are in the mailbox by then; so all answers to the bundles that have come
/// already leave in one bundle.
/// </remarks>
internal sealed class WireActor : UntypedActor, IWithTimers
{
    /// <summary>Its name below <c>/user</c>; all members of a cluster agree on it.</summary>
    public const string Name = "epc-wire";

    private static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(50);

    private readonly FrameQueues _queues;
    private readonly WireMeter _meter;
    private readonly IMemberListener _listener;
    private readonly Action<string> _note;
    private readonly BundleReader _reader = new();
    private Frame[] _kept = [];
    private bool _isOpen;
    private bool _isStrangerNoted;

    public WireActor(FrameQueues queues, WireMeter meter, IMemberListener listener, Action<string> note)
    {
        _queues = queues;
        _meter = meter;
        _listener = listener;
        _note = note;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(FrameQueues queues, WireMeter meter, IMemberListener listener, Action<string> note) =>
        global::Akka.Actor.Props.Create(() => new WireActor(queues, meter, listener, note))
            .WithDispatcher(ClusterSystem.Dispatcher);

    protected override void PreStart() => Timers.StartPeriodicTimer(Order.Tick, Order.Tick, TickTime);

    protected override void PostStop() => _queues.Close();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FrameQueue queue:
                queue.Flush(FrameQueues.NowMs);
                break;
            case FrameBundle bundle:
                OnBundle(bundle);
                break;
            case Order.Tick:
                _queues.OnTick();
                break;
            case Order.Open:
                _isOpen = true;
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Logs it once: a line for each bundle could fill a log.</summary>
    private void NoteStranger()
    {
        if (!_isStrangerNoted)
        {
            _isStrangerNoted = true;
            _note("a process that does not have the token of this run sends frames: they are not heard");
        }
    }

    private void OnBundle(FrameBundle bundle)
    {
        ReadOnlySpan<Frame> frames;
        try
        {
            BundleHead head = BundleHead.Read(bundle.Bytes, out int length);
            if (!_queues.IsSealed(in head))
            {
                NoteStranger();
                return;
            }

            if (_isOpen)
            {
                _queues.OnArrived(in head);
            }

            frames = length < bundle.Bytes.Length ? _reader.Read(bundle.Bytes.AsSpan(length)) : [];
        }
        catch (WireFormatException error)
        {
            _note("another process sends frames that are not valid, and they are left out: "
                + $"{error.Message}; all processes must be of the same build");
            return;
        }

        _meter.Received(frames.Length);
        ReadOnlySpan<Frame> wanted = WithoutCut(frames);
        if (!_isOpen)
        {
            // Not in a view yet: the sender has installed a later one than we have, and sends it again.
            wanted = [];
        }

        _meter.Dropped(frames.Length - wanted.Length);
        if (wanted.Length > 0)
        {
            _listener.OnFrames(wanted);
        }
    }

    private ReadOnlySpan<Frame> WithoutCut(ReadOnlySpan<Frame> frames)
    {
        int first = 0;
        while (first < frames.Length && !_queues.IsCut(frames[first].From))
        {
            first++;
        }

        if (first == frames.Length)
        {
            return frames;
        }

        if (_kept.Length < frames.Length)
        {
            _kept = new Frame[frames.Length];
        }

        frames[..first].CopyTo(_kept);
        int count = first;
        foreach (ref readonly Frame frame in frames[first..])
        {
            if (!_queues.IsCut(frame.From))
            {
                _kept[count++] = frame;
            }
        }

        return _kept.AsSpan(0, count);
    }

    /// <summary>Told by its own process.</summary>
    internal enum Order
    {
        /// <summary>Time passes.</summary>
        Tick,

        /// <summary>The listener may be called.</summary>
        Open,
    }
}
