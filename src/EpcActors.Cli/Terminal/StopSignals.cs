using System.Runtime.InteropServices;

namespace EpcActors.Cli.Terminal;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the run to end with what it has, the second ends this process and those that it
/// has started, at once and
/// with the exit code of a run that proved nothing. Before a run begins there is nothing to end well, and the first is
/// left to the system, which
/// kills: a configuration read from a pipe without a writer must not hold the command.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>SIGXFSZ of Linux and of macOS.</summary>
    private const int FileSizeExceeded = 25;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration? _fileSize;

    // Written by the command's thread, read by the signal's: a signal that just misses it kills, as one before it would
    // have.
    private volatile bool _isRunning;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);

        // Beyond 'ulimit -f' the write then fails, as on a full disk: a death in it would leave half a file.
        _fileSize = OperatingSystem.IsWindows()
            ? null
            : PosixSignalRegistration.Create((PosixSignal)FileSizeExceeded, context => context.Cancel = true);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>
    /// Comes before the end of this process when there is a second signal; from a thread of the pool.
    /// </summary>
    public Action EndAtOnce { get; set; } = () => { };

    /// <summary>A run begins: from here on the first signal ends it with what it has.</summary>
    public void RunBegins() => _isRunning = true;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _fileSize?.Dispose();
        _source.Dispose();
    }

    // Runs on a thread of the pool, so a busy main thread does not delay it.
    private void OnSignal(PosixSignalContext context)
    {
        if (!_isRunning)
        {
            return;
        }

        context.Cancel = true;
        if (_source.IsCancellationRequested)
        {
            EndAtOnce();
            Environment.Exit((int)ExitCode.Inconclusive);
        }

        Console.Error.WriteLine("epc: ending the run with what there is; once more to kill it");
        _source.Cancel();
    }
}
