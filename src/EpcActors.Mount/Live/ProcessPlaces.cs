using EpcActors.Engine.Live;
using EpcActors.Kernel;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios;

namespace EpcActors.Mount.Live;

/// <summary>Places for processes of the host, and the orders on their way to them.</summary>
internal sealed class ProcessPlaces(Action<int> killed, LoadSteps steps) : IProcessOrders
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, OutsideHandle> _open = [];
    private readonly Dictionary<int, Queue<ProcessOrder>> _orders = [];
    private readonly Dictionary<ProcessOrder, TaskCompletionSource<ProcessResult>> _underWay =
        new(ReferenceEqualityComparer.Instance);
    private LiveEngine? _engine;
    private IReadOnlyList<OutsidePlace> _places = [];
    private bool _hasEnded;

    /// <summary>A process is on its way out.</summary>
    public bool HasDying
    {
        get
        {
            lock (_gate)
            {
                return _open.Values.Any(handle =>
                    handle.IsClosing || _places[handle.Place].Process.Killed != KillReason.None);
            }
        }
    }

    public void Begin(LiveEngine engine, IReadOnlyList<OutsidePlace> places)
    {
        _engine = engine;
        _places = places;
        for (int i = 0; i < places.Count; i++)
        {
            _orders[i] = [];
        }
    }

    /// <summary>A free place becomes a process; null when there is none.</summary>
    public async Task<OutsideHandle?> OpenAsync(int process, int misc, int memory)
    {
        OutsideHandle? handle = null;
        lock (_gate)
        {
            for (int i = 0; i < _places.Count && handle is null; i++)
            {
                if (!_open.ContainsKey(i) && _places[i].Process.HasExited && _places[i].Enclave.IsFreed)
                {
                    handle = new OutsideHandle(i, process);
                    _open.Add(i, handle);
                }
            }
        }

        if (handle is not null)
        {
            await OrderAsync(handle, new ProcessOrder.Open(misc, memory)).ConfigureAwait(false);
        }

        return handle;
    }

    /// <summary>Open devices of a process of the host.</summary>
    public IReadOnlyList<OutsideHandle> Of(int process)
    {
        lock (_gate)
        {
            return [.. _open.Values.Where(handle => handle.Process == process)];
        }
    }

    /// <summary>A process does the next thing; ESRCH for one that exits.</summary>
    public Task<ProcessResult> OrderAsync(OutsideHandle handle, ProcessOrder order)
    {
        TaskCompletionSource<ProcessResult> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_hasEnded)
            {
                return Task.FromResult(new ProcessResult(Errno.EIO, 0));
            }

            // Its place may be another process's by now.
            if (handle.Exit is not null && order is not ProcessOrder.Exit)
            {
                return Task.FromResult(new ProcessResult(Errno.ESRCH, 0));
            }

            _underWay.Add(order, result);
            _orders[handle.Place].Enqueue(order);
        }

        _engine!.Rouse(_places[handle.Place].Thread);
        return result.Task;
    }

    /// <summary>The process exits; its place is free when its enclave is.</summary>
    public Task ExitAsync(OutsideHandle handle)
    {
        lock (_gate)
        {
            return handle.Exit ??= RunExit(handle);
        }
    }

    /// <summary>Ends all processes.</summary>
    public Task CloseAllAsync(LiveMachine machine)
    {
        lock (_gate)
        {
            return Task.WhenAll(_open.Values.Select(machine.CloseAsync).ToArray());
        }
    }

    public ProcessOrder? Take(int place)
    {
        lock (_gate)
        {
            return _orders[place].TryDequeue(out ProcessOrder? order) ? order : null;
        }
    }

    public bool MayAdd(int place, int pages, int total) => steps.MayAdd(place, pages, total);

    public void Complete(int place, ProcessOrder order, ProcessResult result)
    {
        if (result.Errno != Errno.Ok || order is ProcessOrder.Init or ProcessOrder.Exit
            || (order is ProcessOrder.AddPages add && !steps.IsSmall(add.Count)))
        {
            steps.End(place);
        }

        TaskCompletionSource<ProcessResult>? waiting;
        lock (_gate)
        {
            _underWay.Remove(order, out waiting);
        }

        waiting?.SetResult(result);
    }

    public void Killed(int place)
    {
        OutsideHandle? handle;
        lock (_gate)
        {
            _open.TryGetValue(place, out handle);
        }

        // A process that dies by itself is told to the machine as a kill, and needs no other.
        if (handle is { IsClosing: false } && _places[place].Process.Killed != KillReason.Scenario)
        {
            killed(handle.Process);

            // The kernel's process exits now. That of the host takes until a processor is free for it, and meanwhile
            // others would look in vain for the memory that the dead one gives back.
            if (handle.BeginClose())
            {
                _ = ExitAsync(handle);
            }
        }
    }

    /// <summary>The machine has stopped: orders under way fail.</summary>
    public void End()
    {
        TaskCompletionSource<ProcessResult>[] left;
        lock (_gate)
        {
            _hasEnded = true;
            left = [.. _underWay.Values];
            _underWay.Clear();
        }

        foreach (TaskCompletionSource<ProcessResult> result in left)
        {
            result.SetResult(new ProcessResult(Errno.EIO, 0));
        }
    }

    private async Task RunExit(OutsideHandle handle)
    {
        await OrderAsync(handle, new ProcessOrder.Exit()).ConfigureAwait(false);
        lock (_gate)
        {
            _open.Remove(handle.Place);
        }
    }
}
