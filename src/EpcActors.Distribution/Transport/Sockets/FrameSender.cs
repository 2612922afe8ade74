using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>
/// The way to one incarnation of one other member: a bounded buffer, and a loop that connects, and writes all that waits at once. Frames wait while the first connection is being made;
/// after that, whenever there is none, they are dropped.
/// </summary>
internal sealed class FrameSender : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly IPEndPoint _address;
    private readonly Preamble _preamble;
    private readonly SocketOptions _options;
    private readonly WireCounter _counter;
    private readonly CancellationTokenSource _closing = new();

    // Holds one signal at most: there is something to write.
    private readonly Channel<bool> _signal =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Task _running;
    private readonly Lock _gate = new();

    // Under the gate: what waits, and whether anything may wait. The other buffer is the loop's.
    private BundleWriter _waiting;
    private bool _isOpen = true;
    private BundleWriter _writing;

    /// <param name="address">Where that member listens.</param>
    /// <param name="preamble">Who we are, and whom we want.</param>
    /// <param name="options">Limits and token.</param>
    /// <param name="counter">Counts for all destinations.</param>
    public FrameSender(IPEndPoint address, Preamble preamble, SocketOptions options, WireCounter counter)
    {
        _address = address;
        _preamble = preamble;
        _options = options;
        _counter = counter;
        _waiting = new BundleWriter(options.BufferBytes);
        _writing = new BundleWriter(options.BufferBytes);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The incarnation that it leads to.</summary>
    public int Incarnation => _preamble.ToIncarnation;

    public IPEndPoint Address => _address;

    /// <summary>Takes a frame or drops it; any thread. The lock is held for as long as encoding a frame takes.</summary>
    public void Send(in Frame frame)
    {
        bool isFirst;
        lock (_gate)
        {
            if (!_isOpen || !_waiting.TryAdd(in frame))
            {
                _counter.Dropped(1);
                return;
            }

            isFirst = _waiting.Count == 1;
        }

        if (isFirst)
        {
            _signal.Writer.TryWrite(true);
        }
    }

    /// <summary>Closes; does not wait for the loop. <see cref="DisposeAsync"/> does.</summary>
    public void Retire()
    {
        Close();
        _closing.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        Retire();
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        TimeSpan pause = FirstPause;
        string? told = null;
        while (!_closing.IsCancellationRequested)
        {
            string reason;
            bool wasConnected = false;
            try
            {
                using Socket socket = SocketCalls.New();
                await ConnectAsync(socket).ConfigureAwait(false);
                wasConnected = true;
                lock (_gate)
                {
                    _isOpen = !_closing.IsCancellationRequested;
                }

                reason = await WriteUntilBrokenAsync(socket).ConfigureAwait(false);
            }
            catch (Exception error) when (error.IsEndOfConnection())
            {
                reason = error is ConnectionRefusedException ? $"it refused: {error.Message}" : error.Message;
            }

            Close();
            if (_closing.IsCancellationRequested)
            {
                return;
            }

            // A member that restarts refuses a few times before the next view: a line for every other reason, not for every attempt.
            if (reason != told)
            {
                told = reason;
                _options.Log($"member {_preamble.From} has no connection to member {_preamble.To} at {SocketOptions.Text(_address)}: {reason}");
            }

            pause = wasConnected ? FirstPause : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
            await Task.Delay(pause, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ConnectAsync(Socket socket)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        limit.CancelAfter(_options.HandshakeLimit);
        try
        {
            await socket.ConnectAsync(_address, limit.Token).ConfigureAwait(false);
            await _preamble.SendAsync(socket, _options.Token, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_closing.IsCancellationRequested)
        {
            throw new WireFormatException($"it does not answer within {_options.HandshakeLimit.TotalSeconds:0.#} s");
        }
    }

    private async Task<string> WriteUntilBrokenAsync(Socket socket)
    {
        using CancellationTokenSource broken = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);

        // Nothing comes this way but the end. Without looking for it, the end would show at the second write only, and the first be lost.
        Task<string> watching = WatchAsync(socket, broken);
        string? reason = null;
        try
        {
            while (await _signal.Reader.WaitToReadAsync(broken.Token).ConfigureAwait(false))
            {
                _signal.Reader.TryRead(out _);
                lock (_gate)
                {
                    (_waiting, _writing) = (_writing, _waiting);
                }

                if (_writing.Count > 0)
                {
                    int writes = await socket.SendAllAsync(_writing.Finish(), broken.Token).ConfigureAwait(false);
                    _counter.Sent(_writing.Count, _writing.Length, writes);
                    _writing.Clear();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The watch saw the end, or we close.
        }
        catch (Exception error) when (error.IsEndOfConnection())
        {
            reason = error.Message;
        }

        _counter.Dropped(_writing.Count);
        _writing.Clear();
        await broken.CancelAsync().ConfigureAwait(false);
        string seen = await watching.ConfigureAwait(false);
        return reason ?? seen;
    }

    private static async Task<string> WatchAsync(Socket socket, CancellationTokenSource broken)
    {
        string reason = "it closed the connection";
        try
        {
            await socket.ReceiveEndAsync(broken.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error.IsEndOfConnection())
        {
            reason = error.Message;
        }

        await broken.CancelAsync().ConfigureAwait(false);
        return reason;
    }

    /// <summary>There is no connection: what waits is lost, and so is what comes.</summary>
    private void Close()
    {
        lock (_gate)
        {
            _isOpen = false;
            _counter.Dropped(_waiting.Count);
            _waiting.Clear();
        }
    }
}
