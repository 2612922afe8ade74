using EpcActors.Engine.Live;
using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;

namespace EpcActors.Mount.Live;

/// <summary>System calls on their way to the tasks that make them, and their results on the way back.</summary>
internal sealed class SystemCalls : ISystemCalls
{
    private readonly Lock _gate = new();
    private readonly Queue<AdminAction> _waiting = [];
    private readonly Dictionary<AdminAction, TaskCompletionSource<Errno>> _underWay =
        new(ReferenceEqualityComparer.Instance);
    private LiveEngine? _engine;
    private IReadOnlyList<SystemCallTask> _tasks = [];
    private bool _hasEnded;

    /// <summary>Says who makes the calls.</summary>
    public void Begin(LiveEngine engine, IReadOnlyList<SystemCallTask> tasks)
    {
        _engine = engine;
        _tasks = tasks;
    }

    /// <summary>Makes a call; EIO when the machine has stopped.</summary>
    public Task<Errno> CallAsync(AdminAction call)
    {
        TaskCompletionSource<Errno> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_hasEnded)
            {
                return Task.FromResult(Errno.EIO);
            }

            _underWay.Add(call, result);
            _waiting.Enqueue(call);
        }

        foreach (SystemCallTask task in _tasks)
        {
            _engine!.Rouse(task);
        }

        return result.Task;
    }

    public AdminAction? Take()
    {
        lock (_gate)
        {
            return _waiting.TryDequeue(out AdminAction? call) ? call : null;
        }
    }

    public void Complete(AdminAction call, Errno errno)
    {
        TaskCompletionSource<Errno>? result;
        lock (_gate)
        {
            _underWay.Remove(call, out result);
        }

        result?.SetResult(errno);
    }

    /// <summary>The machine has stopped: calls under way fail.</summary>
    public void End()
    {
        TaskCompletionSource<Errno>[] left;
        lock (_gate)
        {
            _hasEnded = true;
            left = [.. _underWay.Values];
            _underWay.Clear();
            _waiting.Clear();
        }

        foreach (TaskCompletionSource<Errno> result in left)
        {
            result.SetResult(Errno.EIO);
        }
    }
}
