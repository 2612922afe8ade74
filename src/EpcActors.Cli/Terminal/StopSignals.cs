using System.Runtime.InteropServices;

namespace EpcActors.Cli.Terminal;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the run to end with what it has, the second is left to the system, which kills.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    // Runs on a thread of the pool, so a busy main thread does not delay it.
    private void OnSignal(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
        {
            return;
        }

        context.Cancel = true;
        Console.Error.WriteLine("epc: ending the run with what there is; once more to kill it");
        _source.Cancel();
    }
}
