using System.Collections.Concurrent;
using EpcActors.Actors.Cluster;
using EpcActors.Engine;

namespace EpcActors.Distribution.Members;

/// <summary>Brings what comes from outside to the exchange: frames in the order in which they came, and views.</summary>
/// <remarks>Others put things down from any thread, and rouse it. What is put down is bounded by the windows of the senders.</remarks>
internal sealed class Postman : TaskActor
{
    /// <summary>While it waits for a cut to begin; that takes as long as the engine's thread needs to look at its timers.</summary>
    private const long BeforeCutNs = 200_000;

    private readonly ActorId _exchange;
    private readonly Func<int, bool> _isInCut;
    private readonly ConcurrentQueue<Frame> _frames = new();
    private readonly ConcurrentQueue<int> _views = new();

    /// <param name="id">Address.</param>
    /// <param name="exchange">Whom it brings things to.</param>
    /// <param name="isInCut">Whether this process has begun a cut; if not, it is asked to.</param>
    public Postman(ActorId id, ActorId exchange, Func<int, bool> isInCut)
        : base(id, "postman", -1, 0)
    {
        _exchange = exchange;
        _isInCut = isInCut;
    }

    public override bool IsDaemon => true;

    /// <summary>True when nothing lies here.</summary>
    public bool IsEmpty => _frames.IsEmpty && _views.IsEmpty;

    public void Put(ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            _frames.Enqueue(frame);
        }
    }

    public void Put(int epoch) => _views.Enqueue(epoch);

    protected override async Routine Run()
    {
        while (true)
        {
            // A view first: it may be what makes the next frames count.
            while (_views.TryDequeue(out int epoch))
            {
                await Ask(_exchange, new ClusterProtocol.InstallView { Epoch = epoch });
            }

            if (!_frames.TryDequeue(out Frame frame))
            {
                await Sleep(long.MaxValue);
                continue;
            }

            while (!_isInCut(frame.Cut))
            {
                await Sleep(BeforeCutNs);
            }

            await Ask(_exchange, new ClusterProtocol.Arrive { Frame = frame });
        }
    }
}

/// <summary>Makes time pass for the exchange.</summary>
internal sealed class Ticker : TaskActor
{
    private readonly ActorId _exchange;
    private readonly long _everyNs;

    public Ticker(ActorId id, ActorId exchange, long everyNs)
        : base(id, "ticker", -1, 0)
    {
        _exchange = exchange;
        _everyNs = everyNs;
    }

    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        while (true)
        {
            await Sleep(_everyNs);
            await Ask(_exchange, default(ClusterProtocol.Tick));
        }
    }
}
