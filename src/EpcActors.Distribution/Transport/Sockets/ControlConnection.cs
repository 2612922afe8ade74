using System.Buffers;
using System.Net.Sockets;
using System.Threading.Channels;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>
/// A connection for control messages, at either end: a bounded queue with a loop that writes it, and reading one by one. Once and in order, or the connection is broken: what cannot be
/// queued breaks it too.
/// </summary>
internal sealed class ControlConnection : IAsyncDisposable
{
    /// <summary>A member tells something a few times a second, the coordinator even less: who has so many waiting does not read any more.</summary>
    private const int MostWaiting = 4096;

    private const int FirstBytes = 4096;

    private readonly Socket _socket;
    private readonly SocketOptions _options;
    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<ControlMessage> _queue =
        Channel.CreateBounded<ControlMessage>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Task _writing;
    private string? _failure;
    private int _isDisposed;

    /// <param name="socket">Connected; from now on this object's.</param>
    /// <param name="options">Time limits.</param>
    public ControlConnection(Socket socket, SocketOptions options)
    {
        _socket = socket;
        _options = options;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Why this end broke the connection; null when it did not.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Queues a message; any thread, never waits. Lost when the connection is closed.</summary>
    public void Tell(ControlMessage message)
    {
        if (!_queue.Writer.TryWrite(message) && !_queue.Reader.Completion.IsCompleted && _queue.Reader.Count >= MostWaiting)
        {
            Break($"{MostWaiting} messages wait, and it reads none");
        }
    }

    /// <summary>The next message; one caller at a time. Null: the other end has closed in order.</summary>
    /// <param name="most">Longest message that is taken, bytes.</param>
    /// <param name="cancellationToken">Gives up; nothing can be read after that.</param>
    public async Task<ControlMessage?> ReadAsync(int most, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        byte[] header = new byte[ControlCodec.HeaderBytes];
        if (await _socket.ReceiveAsync(header.AsMemory(0, 1), SocketFlags.None, either.Token).ConfigureAwait(false) == 0)
        {
            return null;
        }

        await _socket.ReceiveAllAsync(header.AsMemory(1), "the length of a control message", either.Token).ConfigureAwait(false);
        int length = ControlCodec.Measure(header, most);

        // The length is what somebody claims: the memory grows with what really comes.
        byte[] json = new byte[Math.Min(length, FirstBytes)];
        int done = 0;
        while (true)
        {
            await _socket.ReceiveAllAsync(json.AsMemory(done), "a control message", either.Token).ConfigureAwait(false);
            done = json.Length;
            if (done == length)
            {
                return ControlCodec.Decode(json);
            }

            Array.Resize(ref json, (int)Math.Min(length, 2L * done));
        }
    }

    /// <summary>
    /// Sends what is queued, and tells the other end that nothing more will come. Whoever reads goes on until the other end does the same.
    /// </summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes at once; whoever reads or writes is thrown out.</summary>
    public void Break(string reason)
    {
        Interlocked.CompareExchange(ref _failure, reason, null);
        _queue.Writer.TryComplete();
        _closing.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        Break("closed");
        await _writing.ConfigureAwait(false);
        _socket.Dispose();
    }

    private async Task WriteAsync()
    {
        ArrayBufferWriter<byte> bytes = new(FirstBytes);
        try
        {
            await foreach (ControlMessage message in _queue.Reader.ReadAllAsync(_closing.Token).ConfigureAwait(false))
            {
                bytes.ResetWrittenCount();
                ControlCodec.Encode(message, bytes);
                await _socket.SendAllAsync(bytes.WrittenMemory, _closing.Token).ConfigureAwait(false);
            }

            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error.IsEndOfConnection())
        {
            Break(error.Message);
        }
    }
}
