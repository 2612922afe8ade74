using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EpcActors.Reports;
using EpcActors.Runs.Live;

namespace EpcActors.Cli.Telemetry;

/// <summary>
/// Serves one page, <c>/metrics</c>, on loopback: enough of HTTP/1.1 for scrapers, one request to a connection. Not
/// HttpListener, which has no "any free port" and needs rights on Windows that a plain socket does not.
/// </summary>
internal sealed class MetricsServer : IDisposable
{
    private const string Path = "/metrics";

    /// <summary>A request that is longer is not a scraper's.</summary>
    private const int LongestRequest = 16 * 1024;

    /// <summary>Connections at a time. One more takes the place of the one that has kept silent for longest.</summary>
    private const int MostConnections = 16;

    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly TimeSpan _patience;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _places = new(MostConnections);

    // Those that have not sent their request yet, the oldest first; only the thread that holds the lock of it.
    private readonly LinkedList<CancellationTokenSource> _silent = new();
    private readonly Task _accepting;
    private volatile LiveMetrics? _metrics;
    private bool _isDisposed;

    private MetricsServer(TcpListener listener, TimeSpan patience)
    {
        _listener = listener;
        _patience = patience;
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}{Path}";

    /// <summary>Opens the port; 0 for any that is free.</summary>
    /// <param name="port">Port on loopback.</param>
    /// <param name="patience">How long a connection may take for its request and the answer; 5 s if null.</param>
    /// <exception cref="CommandException">when it cannot be had.</exception>
    public static MetricsServer Listen(int port, TimeSpan? patience = null)
    {
        TcpListener listener = new(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException error)
        {
            listener.Dispose();
            string why = error.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another process listens there",
                SocketError.AccessDenied => "this user may not listen there",
                _ => error.Message,
            };
            throw CommandException.Usage($"--metrics-port {port}: {why}; name another port, or 0 for any that is free");
        }

        return new MetricsServer(listener, patience ?? UsualPatience);
    }

    /// <summary>Sets what the page shows from now on.</summary>
    public void Show(LiveMetrics metrics) => _metrics = metrics;

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _closing.Cancel();
        _listener.Dispose();

        // A client that is being served loses the connection. The tasks end by themselves; nothing that is put away
        // after this is theirs.
        _accepting.Wait(UsualPatience);
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_closing.Token).ConfigureAwait(false);
                if (_places.CurrentCount == 0)
                {
                    DropOldestSilent();
                }

                await _places.WaitAsync(_closing.Token).ConfigureAwait(false);
                _ = ServeAsync(client);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client was gone before it was accepted.
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        patience.CancelAfter(_patience);
        LinkedListNode<CancellationTokenSource> silent = Remember(patience);
        try
        {
            using (client)
            {
                NetworkStream stream = client.GetStream();
                string request = await ReadHeadAsync(stream, patience.Token).ConfigureAwait(false);
                Forget(silent);
                await stream.WriteAsync(Answer(request), patience.Token).ConfigureAwait(false);
                client.Client.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception error)
            when (error is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // A scraper that went away or does not go on is no concern of the run.
        }
        finally
        {
            Forget(silent);
            _places.Release();
        }
    }

    private LinkedListNode<CancellationTokenSource> Remember(CancellationTokenSource connection)
    {
        lock (_silent)
        {
            return _silent.AddLast(connection);
        }
    }

    private void Forget(LinkedListNode<CancellationTokenSource> connection)
    {
        lock (_silent)
        {
            if (connection.List is not null)
            {
                _silent.Remove(connection);
            }
        }
    }

    /// <summary>Half-open connections must not keep scrapers out: the oldest of them ends now.</summary>
    private void DropOldestSilent()
    {
        lock (_silent)
        {
            if (_silent.First is { } oldest)
            {
                _silent.RemoveFirst();
                oldest.Value.Cancel();
            }
        }
    }

    /// <summary>Everything up to the empty line; as much as there is when that does not come.</summary>
    private static async Task<string> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[LongestRequest];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            length += read;
            if (read == 0 || buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
            {
                break;
            }
        }

        return Encoding.ASCII.GetString(buffer, 0, length);
    }

    private byte[] Answer(string request)
    {
        string[] words = request.Split("\r\n", 2)[0].Split(' ');
        if (
            words.Length != 3
            || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !request.Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            return Response("400 Bad Request", "this is not a request of HTTP/1.1\n");
        }

        bool isHead = words[0] == "HEAD";
        if (words[1].Split('?')[0] != Path)
        {
            return Response("404 Not Found", $"there is only {Path}\n", isHead: isHead);
        }

        if (!isHead && words[0] != "GET")
        {
            return Response("405 Method Not Allowed", "GET or HEAD\n", "Allow: GET, HEAD\r\n");
        }

        if (_metrics is not { } metrics)
        {
            return Response("503 Service Unavailable", "the run has not begun\n", "Retry-After: 1\r\n", isHead);
        }

        using StringWriter page = new(CultureInfo.InvariantCulture);
        OpenMetrics.Write(page, metrics.Read());
        return Response("200 OK", page.ToString(), "", isHead, OpenMetrics.ContentType);
    }

    private static byte[] Response(
        string status,
        string body,
        string headers = "",
        bool isHead = false,
        string type = "text/plain; charset=utf-8")
    {
        int length = Encoding.UTF8.GetByteCount(body);
        return Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {length}\r\nCache-Control: "
                + $"no-store\r\n{headers}Connection: close\r\n\r\n{(isHead ? "" : body)}");
    }
}
