using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Wire;

namespace EpcActors.Engine.Akka.Cluster;

/// <summary>
/// The way to one other member: frames are collected while earlier ones are under way, so the busier the way, the longer the bundles. What it may hold is bounded, here and in Akka.Remote: a peer that does
/// not take anything costs a few hundred KiB, and frames are lost. Any thread may call; time is milliseconds of any clock that does not go back.
/// </summary>
/// <remarks>
/// The peer says which bundles it has taken; until then at most <see cref="Credit"/> are under way. When it says nothing for a while the bundles count as lost (a connection that broke), and one at a
/// time is sent, ever more rarely, until it answers.
/// </remarks>
internal sealed class FrameLane
{
    /// <summary>Bundles under way.</summary>
    public const int Credit = 4;

    /// <summary>Longest bundle, bytes.</summary>
    public const int BundleBytes = 48 << 10;

    /// <summary>Full bundles that may wait, beside the one that is being filled.</summary>
    public const int MostWaiting = 8;

    /// <summary>Milliseconds without an answer after which the bundles under way count as lost; doubled each time, up to <see cref="LongestSilenceMs"/>.</summary>
    public const long FirstSilenceMs = 250;

    /// <summary>See there.</summary>
    public const long LongestSilenceMs = 4000;

    private readonly Lock _lock = new();
    private readonly int _number;
    private readonly Action<FrameBundle> _send;
    private readonly WireMeter _meter;

    // All below: under the lock.
    private readonly BundleWriter _open = new(BundleBytes);
    private readonly Queue<FrameBundle> _waiting = new();
    private long _sent;
    private long _taken;
    private int _credit = Credit;
    private long _silenceMs = FirstSilenceMs;
    private long _heardAt;
    private bool _isClosed;

    /// <param name="number">Its name in this process.</param>
    /// <param name="send">Gives a bundle to Akka.Remote; never waits.</param>
    /// <param name="meter">Counts.</param>
    public FrameLane(int number, Action<FrameBundle> send, WireMeter meter)
    {
        _number = number;
        _send = send;
        _meter = meter;
    }

    /// <summary>Its name in this process.</summary>
    public int Number => _number;

    /// <summary>Takes a frame, or loses it: there is no room, or the lane is closed.</summary>
    public void Send(in Frame frame, long nowMs)
    {
        lock (_lock)
        {
            if (_isClosed || !TryAdd(in frame))
            {
                _meter.Dropped(1);
                return;
            }

            Flush(nowMs);
        }
    }

    /// <summary>The peer has taken bundles, up to a number.</summary>
    public void OnTaken(long number, long nowMs)
    {
        lock (_lock)
        {
            if (number <= _taken || number > _sent)
            {
                return;
            }

            _taken = number;
            _heardAt = nowMs;
            _credit = Credit;
            _silenceMs = FirstSilenceMs;
            Flush(nowMs);
        }
    }

    /// <summary>Time passes.</summary>
    public void OnTick(long nowMs)
    {
        lock (_lock)
        {
            if (_taken == _sent || nowMs - _heardAt < _silenceMs)
            {
                return;
            }

            _taken = _sent;
            _credit = 1;
            _silenceMs = Math.Min(2 * _silenceMs, LongestSilenceMs);
            Flush(nowMs);
        }
    }

    /// <summary>The member is gone: what waits is lost.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _meter.Dropped(_waiting.Sum(bundle => bundle.Frames) + _open.Count);
            _waiting.Clear();
            _open.Clear();
        }
    }

    private bool TryAdd(in Frame frame)
    {
        if (_open.TryAdd(in frame))
        {
            return true;
        }

        if (_waiting.Count >= MostWaiting)
        {
            return false;
        }

        _waiting.Enqueue(Seal());
        return _open.TryAdd(in frame);
    }

    private FrameBundle Seal()
    {
        // The number is given when it is sent.
        FrameBundle bundle = new(_number, 0, _open.Count, _open.Finish().ToArray());
        _open.Clear();
        return bundle;
    }

    /// <summary>Under the lock as well: bundles reach Akka.Remote in the order of their numbers.</summary>
    private void Flush(long nowMs)
    {
        while (_sent - _taken < _credit)
        {
            if (!_waiting.TryDequeue(out FrameBundle? bundle))
            {
                if (_open.Count == 0)
                {
                    return;
                }

                bundle = Seal();
            }

            if (_sent == _taken)
            {
                _heardAt = nowMs;
            }

            _sent++;
            _meter.Sent(bundle.Frames, bundle.Bytes.Length);
            _send(bundle with { Number = _sent });
        }
    }
}
