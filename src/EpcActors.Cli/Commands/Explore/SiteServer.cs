using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EpcActors.Cli.Commands.Explore;

/// <summary>
/// Serves a site on loopback: enough of HTTP/1.1 for a browser that reads files, one request to a connection.
/// </summary>
internal sealed class SiteServer : IDisposable
{
    /// <summary>A request whose head is longer is not a browser's that reads files.</summary>
    private const int LongestHead = 64 * 1024;

    private const int MostConnections = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ExplorerSite _site;
    private readonly TcpListener _listener;
    private readonly SemaphoreSlim _places = new(MostConnections);

    private SiteServer(ExplorerSite site, TcpListener listener)
    {
        _site = site;
        _listener = listener;
    }

    /// <summary>Address of the page.</summary>
    public string Url => string.Create(
        CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Opens the port; 0 for any that is free.</summary>
    /// <exception cref="CommandException">The port cannot be had.</exception>
    public static SiteServer Listen(ExplorerSite site, int port)
    {
        TcpListener listener = new(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw CommandException.Usage(
                $"--port {port}: {error.Message}; name another port, or leave it out for any that is free");
        }

        return new SiteServer(site, listener);
    }

    /// <summary>Serves until it is cancelled.</summary>
    public async Task ServeAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(cancellation).ConfigureAwait(false);
                TcpClient client = await _listener.AcceptTcpClientAsync(cancellation).ConfigureAwait(false);
                _ = AnswerAsync(client, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // The browser was gone before it was accepted.
                _places.Release();
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task AnswerAsync(TcpClient client, CancellationToken cancellation)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using (client)
            {
                NetworkStream stream = client.GetStream();
                string[] words = (await ReadHeadAsync(stream, patience.Token).ConfigureAwait(false)).Split(' ');
                await WriteAsync(stream, words, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
        {
            // The browser closed the connection, or said nothing.
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>The first line of the request; the rest of its head is read and left alone.</summary>
    private static async Task<string> ReadHeadAsync(NetworkStream stream, CancellationToken cancellation)
    {
        byte[] head = new byte[LongestHead];
        int length = 0;
        while (length < head.Length)
        {
            int read = await stream.ReadAsync(head.AsMemory(length), cancellation).ConfigureAwait(false);
            length += read;
            if (read == 0 || head.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
            {
                break;
            }
        }

        int end = head.AsSpan(0, length).IndexOf("\r\n"u8);
        return end < 0 ? "" : Encoding.ASCII.GetString(head, 0, end);
    }

    private async Task WriteAsync(NetworkStream stream, string[] words, CancellationToken cancellation)
    {
        bool isHead = words[0] == "HEAD";
        bool isRead = words.Length == 3 && (isHead || words[0] == "GET");
        string path = isRead ? Uri.UnescapeDataString(words[1].Split('?')[0].TrimStart('/')) : "";
        byte[]? content = isRead ? _site.Find(path) : null;
        string status = content is not null ? "200 OK" : isRead ? "404 Not Found" : "405 Method Not Allowed";
        byte[] body = content ?? Encoding.UTF8.GetBytes($"{status}\n");
        string type = content is not null ? ExplorerSite.TypeOf(path) : "text/plain; charset=utf-8";
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nCache-Control: no-cache\r\n"
                + $"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellation).ConfigureAwait(false);
        if (!isHead)
        {
            await stream.WriteAsync(body, cancellation).ConfigureAwait(false);
        }
    }
}
