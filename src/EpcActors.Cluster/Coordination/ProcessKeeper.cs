using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.Coordination;

/// <summary>
/// Starts processes of this machine and ends them. A process that is started here has a pipe as its standard input, to
/// which the starter never writes: when the starter is gone, for any reason, the pipe ends, and the process with it.
/// </summary>
public sealed class ProcessKeeper : IProcessKeeper, IDisposable
{
    private readonly Func<string, ProcessStartInfo> _command;
    private readonly Action<int, string> _said;
    private readonly Lock _gate = new();
    private readonly List<OwnProcess> _processes = [];

    /// <param name="command">By ticket: what to start. Its streams are redirected here.</param>
    /// <param name="said">Gets each line that a process writes to standard error, with its id; from any thread.</param>
    public ProcessKeeper(Func<string, ProcessStartInfo> command, Action<int, string> said)
    {
        _command = command;
        _said = said;
    }

    public IOwnProcess Start(string ticket, Action<int, string> exited)
    {
        ProcessStartInfo start = _command(ticket);
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        OwnProcess process = new(start, _said, exited);
        lock (_gate)
        {
            _processes.Add(process);
        }

        return process;
    }

    /// <summary>Waits until all have ended by themselves; kills those that have not by then.</summary>
    /// <param name="limit">Time that they may take.</param>
    public async Task EndAsync(TimeSpan limit)
    {
        OwnProcess[] processes;
        lock (_gate)
        {
            processes = [.. _processes];
        }

        using CancellationTokenSource late = new(limit);
        foreach (OwnProcess process in processes)
        {
            await process.EndAsync(late.Token).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (OwnProcess process in _processes)
            {
                process.Dispose();
            }

            _processes.Clear();
        }
    }

    private sealed class OwnProcess : IOwnProcess, IDisposable
    {
        /// <summary>Long enough for the reason, short enough for a line of a report.</summary>
        private const int MostWords = 300;

        private readonly Process _process;
        private readonly Lock _gate = new();
        private readonly Action<int, string> _said;
        private readonly Action<int, string> _exited;
        private readonly Task _watching;
        private string _lastWords = "";

        public OwnProcess(ProcessStartInfo start, Action<int, string> said, Action<int, string> exited)
        {
            _said = said;
            _exited = exited;
            try
            {
                _process = Process.Start(start) ?? throw new ClusterException($"{start.FileName} did not start");
            }
            catch (Exception error) when (error is Win32Exception or FileNotFoundException)
            {
                throw new ClusterException($"{start.FileName} cannot be started: {error.Message}", error);
            }

            Id = _process.Id;
            _watching = WatchAsync();
        }

        public int Id { get; }

        public void Kill()
        {
            lock (_gate)
            {
                if (!_process.HasExited)
                {
                    _process.Kill(entireProcessTree: false);
                }
            }
        }

        public void Pause() => Signal(OperatingSystem.IsMacOS() ? 17 : 19, "pause");

        public void Resume()
        {
            if (!OperatingSystem.IsWindows())
            {
                Signal(OperatingSystem.IsMacOS() ? 19 : 18, "resume");
            }
        }

        public async Task EndAsync(CancellationToken late)
        {
            try
            {
                await _watching.WaitAsync(late).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                Kill();
                await _watching.ConfigureAwait(false);
            }
        }

        public void Dispose()
        {
            Kill();
            _process.Dispose();
        }

        private async Task WatchAsync()
        {
            Task output = DrainAsync(_process.StandardOutput, keep: false);
            Task error = DrainAsync(_process.StandardError, keep: true);
            await _process.WaitForExitAsync().ConfigureAwait(false);
            await Task.WhenAll(output, error).ConfigureAwait(false);
            _exited(_process.ExitCode, _lastWords);
        }

        private async Task DrainAsync(StreamReader reader, bool keep)
        {
            while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                if (keep && line.Length > 0)
                {
                    _lastWords = line.Length > MostWords ? line[..MostWords] + "…" : line;
                    _said(Id, line);
                }
            }
        }

        private void Signal(int signal, string what)
        {
            if (OperatingSystem.IsWindows())
            {
                throw new ClusterException(
                    $"this system cannot {what} a process: there is no SIGSTOP; the fault was left out");
            }

            lock (_gate)
            {
                // While HasExited is false the process is not reaped, so no other process can have its id.
                if (!_process.HasExited)
                {
                    _ = SendSignal(Id, signal);
                }
            }
        }

        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int SendSignal(int process, int signal);
    }
}
