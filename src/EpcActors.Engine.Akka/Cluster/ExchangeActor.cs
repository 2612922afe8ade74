using Akka.Actor;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Wire;

namespace EpcActors.Engine.Akka.Cluster;

/// <summary>Where the frames of other members arrive: <c>/user/epc-exchange</c> of every member. Frames have an actor of their own, so that what the coordinator says does not wait behind them.</summary>
internal sealed class ExchangeActor : UntypedActor, IWithTimers
{
    /// <summary>Its name below <c>/user</c>; all members of a cluster agree on it.</summary>
    public const string Name = "epc-exchange";

    private static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(50);

    /// <summary>A line each; more would be a way to fill a log.</summary>
    private const int MostStrangers = 16;

    private readonly LaneTable _lanes;
    private readonly WireMeter _meter;
    private readonly IMemberListener _listener;
    private readonly Action<string> _note;
    private readonly BundleReader _reader = new();
    private readonly HashSet<Address> _strangers = [];
    private Frame[] _kept = [];
    private bool _isOpen;

    public ExchangeActor(LaneTable lanes, WireMeter meter, IMemberListener listener, Action<string> note)
    {
        _lanes = lanes;
        _meter = meter;
        _listener = listener;
        _note = note;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(LaneTable lanes, WireMeter meter, IMemberListener listener, Action<string> note) =>
        global::Akka.Actor.Props.Create(() => new ExchangeActor(lanes, meter, listener, note)).WithDispatcher(ClusterSystem.Dispatcher);

    protected override void PreStart() => Timers.StartPeriodicTimer(Order.Tick, Order.Tick, TickTime);

    protected override void PostStop() => _lanes.Close();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case IWireMessage when !_lanes.IsMember(Sender.Path.Address):
                // Of a life that this view does not have, which sends it again when it does; or of a process that has
                // no part in the run.
                NoteStranger(Sender.Path.Address);
                break;
            case FrameBundle bundle:
                // Before it is handled: the sender may fill the next one meanwhile. What it sends waits in our mailbox, at most a credit of it per member.
                Sender.Tell(new BundleTaken(bundle.Lane, bundle.Number), Self);
                _meter.AnswerSent();
                OnBundle(bundle);
                break;
            case BundleTaken taken:
                _meter.AnswerReceived();
                _lanes.OnTaken(taken);
                break;
            case Order.Tick:
                _lanes.OnTick();
                break;
            case Order.Open:
                _isOpen = true;
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void NoteStranger(Address address)
    {
        if (_isOpen && _strangers.Count < MostStrangers && _strangers.Add(address))
        {
            _note($"the process at {ClusterSystem.Place(address)} sends frames and is not of this run, or not any more: they are not heard");
        }
    }

    private void OnBundle(FrameBundle bundle)
    {
        ReadOnlySpan<Frame> frames;
        try
        {
            frames = _reader.Read(bundle.Bytes);
        }
        catch (WireFormatException error)
        {
            _note($"what {ClusterSystem.Place(Sender.Path.Address)} sends as frames is none: {error.Message}");
            return;
        }

        _meter.Received(frames.Length, bundle.Bytes.Length);
        ReadOnlySpan<Frame> wanted = WithoutCut(frames);
        if (!_isOpen)
        {
            // Not in a view yet: who sends it knows more than we do, and sends it again.
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
        while (first < frames.Length && !_lanes.IsCut(frames[first].From))
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
            if (!_lanes.IsCut(frame.From))
            {
                _kept[count++] = frame;
            }
        }

        return _kept.AsSpan(0, count);
    }

    /// <summary>What its own process tells it.</summary>
    internal enum Order
    {
        /// <summary>Time passes.</summary>
        Tick,

        /// <summary>The listener may be called.</summary>
        Open,
    }
}
