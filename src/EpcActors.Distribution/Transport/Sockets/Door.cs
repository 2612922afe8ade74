using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>
/// A port on loopback: takes connections, has them say who they are, and hands those that are wanted to whoever serves them. What one connection does, whatever it is, ends that connection only.
/// </summary>
internal sealed class Door : IAsyncDisposable
{
    /// <summary>Connections at a time that have not said who they are; more wait in the backlog.</summary>
    private const int MostStrangers = 64;

    private const int Backlog = 512;

    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(20);

    private readonly Socket _socket;
    private readonly SocketOptions _options;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _strangers = new(MostStrangers);
    private readonly HashSet<Task> _serving = [];
    private readonly Lock _gate = new();
    private Task _accepting = Task.CompletedTask;
    private bool _isDisposed;

    private Door(Socket socket, SocketOptions options)
    {
        _socket = socket;
        _options = options;
        Address = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>Where it is.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Takes a port. Connections wait until <see cref="Start"/>.</summary>
    /// <exception cref="ClusterException">it cannot be had.</exception>
    public static Door Open(IPEndPoint address, SocketOptions options)
    {
        Socket socket = SocketCalls.New();
        try
        {
            // On Windows another process could take a port that is taken. Elsewhere nobody can, unless both ask to share it, which is what setting this to false would do.
            if (OperatingSystem.IsWindows())
            {
                socket.ExclusiveAddressUse = true;
            }

            socket.Bind(address);
            socket.Listen(Backlog);
            return new Door(socket, options);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            string why = error.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there",
                SocketError.AccessDenied => "this user may not listen there",
                _ => error.Message,
            };
            throw new ClusterException(
                $"port {address.Port.ToString(CultureInfo.InvariantCulture)} of {address.Address} cannot be had: {why}. Name another port, or 0 for any that is free.", error);
        }
    }

    /// <summary>Begins to take connections.</summary>
    /// <param name="judge">Says why a connection is not wanted, or null.</param>
    /// <param name="serve">Serves one; the socket is closed when it comes back. Exceptions of broken connections are its own business.</param>
    public void Start(Func<Preamble, string?> judge, Func<Socket, Preamble, CancellationToken, Task> serve) =>
        _accepting = Task.Run(() => AcceptAsync(judge, serve));

    /// <summary>Takes no more connections; those that are served go on.</summary>
    public async Task CloseAsync()
    {
        _socket.Dispose();
        await _accepting.ConfigureAwait(false);
    }

    /// <summary>Waits until nobody is served any more.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        Task[] serving;
        lock (_gate)
        {
            serving = [.. _serving];
        }

        await Task.WhenAll(serving).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the port and every connection, and waits until all is quiet. Throws what a listener threw, if one did.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _closing.CancelAsync().ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
        await DrainAsync(CancellationToken.None).ConfigureAwait(false);
        _strangers.Dispose();
        _closing.Dispose();
    }

    private async Task AcceptAsync(Func<Preamble, string?> judge, Func<Socket, Preamble, CancellationToken, Task> serve)
    {
        while (true)
        {
            try
            {
                await _strangers.WaitAsync(_closing.Token).ConfigureAwait(false);
                Socket client = await _socket.AcceptAsync(_closing.Token).ConfigureAwait(false);
                Track(Task.Run(() => ServeAsync(client, judge, serve)));
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                _strangers.Release();
                if (error.SocketErrorCode == SocketError.OperationAborted)
                {
                    return;
                }

                // The client was gone before it was accepted, or this process has no file descriptors left for a while.
                await Task.Delay(PauseAfterError, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ServeAsync(Socket client, Func<Preamble, string?> judge, Func<Socket, Preamble, CancellationToken, Task> serve)
    {
        using (client)
        {
            string from = "?";
            try
            {
                from = client.AddressOf();
                client.NoDelay = true;
                if (await IntroduceAsync(client, from, judge).ConfigureAwait(false) is { } preamble)
                {
                    await serve(client, preamble, _closing.Token).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error.IsEndOfConnection())
            {
                if (!_closing.IsCancellationRequested)
                {
                    _options.Log($"a connection from {from} is closed: {error.Message}");
                }
            }
            catch (Exception error)
            {
                // Whoever disposes gets it too, but that may be much later.
                _options.Log($"what came from {from} could not be handled: {error}");
                throw;
            }
        }
    }

    private async Task<Preamble?> IntroduceAsync(Socket client, string from, Func<Preamble, string?> judge)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        limit.CancelAfter(_options.HandshakeLimit);
        try
        {
            string? reason;
            try
            {
                Preamble preamble = await Preamble.ReceiveAsync(client, _options.Token, limit.Token).ConfigureAwait(false);
                reason = judge(preamble);
                if (reason is null)
                {
                    await Preamble.AcceptAsync(client, limit.Token).ConfigureAwait(false);
                    return preamble;
                }
            }
            catch (ConnectionRefusedException error)
            {
                reason = error.Message;
            }

            _options.Log($"a connection from {from} is refused: {reason}");
            await Preamble.RefuseAsync(client, reason, limit.Token).ConfigureAwait(false);

            // Closing with unread bytes would take the reason back.
            client.Shutdown(SocketShutdown.Send);
            await client.ReceiveEndAsync(limit.Token).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (!_closing.IsCancellationRequested)
        {
            throw new WireFormatException($"it did not say who it is within {_options.HandshakeLimit.TotalSeconds:0.#} s");
        }
        finally
        {
            _strangers.Release();
        }
    }

    private void Track(Task serving)
    {
        lock (_gate)
        {
            _serving.Add(serving);
        }

        // One that failed stays, so that its exception is not lost.
        _ = serving.ContinueWith(
            static (ended, door) => ((Door)door!).Forget(ended),
            this,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void Forget(Task ended)
    {
        lock (_gate)
        {
            _serving.Remove(ended);
        }
    }
}
