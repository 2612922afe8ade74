using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <summary>
/// What the processor keeps to make EWB safe: who is inside the enclave since when, and which pages were blocked when.
/// ETRACK begins a new epoch; a blocked page can be written out once every thread that was inside before the epoch
/// after its EBLOCK has left. And whom the kernel's IPI hits: the CPUs in mm_cpumask of every process, inside or not
/// (sgx_encl_cpumask).
/// </summary>
/// <remarks>
/// A thread counts as on its CPU from its first entry on until it says that it sleeps or ends; also while it waits for
/// a mutex, where the kernel's spins as long as the owner runs.
/// </remarks>
/// <param name="threads">The tasks that run in the enclave.</param>
/// <param name="epochsComeRound">Their numbers start again at 0 behind the seventh.</param>
internal sealed class EnclaveTracking(IReadOnlyList<ActorId> threads, bool epochsComeRound = false)
{
    private readonly int _mask = epochsComeRound ? 7 : int.MaxValue;
    private readonly bool[] _inside = new bool[threads.Count];
    private readonly bool[] _onCpu = new bool[threads.Count];
    [Unordered]
    private readonly List<(EpcPageIndex Page, int Epoch)> _blocked = [];
    private int _epoch;
    private int _floor;
    private int _insideCurrent;
    private int _insidePrevious;

    public int Enter(int thread)
    {
        _inside[thread] = true;
        _onCpu[thread] = true;
        _insideCurrent++;
        return _epoch;
    }

    public void Exit(int thread, int epoch, bool leavesCpu)
    {
        _inside[thread] = false;
        _onCpu[thread] = !leavesCpu;

        // An IPI since the entry drove the thread out and in again: it counts from then.
        if (epoch == _epoch || _floor == _epoch)
        {
            _insideCurrent--;
        }
        else
        {
            _insidePrevious--;
        }
    }

    /// <summary>A new SECS: the processor knows no thread and no blocked page of it.</summary>
    public void Clear()
    {
        Array.Clear(_inside);
        Array.Clear(_onCpu);
        _blocked.Clear();
        _epoch = 0;
        _floor = 0;
        _insideCurrent = 0;
        _insidePrevious = 0;
    }

    public void Block(EpcPageIndex page) => _blocked.Add((page, _epoch));

    public bool IsDrained(EpcPageIndex page)
    {
        foreach ((EpcPageIndex blocked, int epoch) in _blocked)
        {
            if (blocked == page)
            {
                int age = (_epoch - epoch) & _mask;
                return age > 1 || (age == 1 && _insidePrevious == 0);
            }
        }

        // Never blocked: hardware answers that the page is not blocked; the kernel does not come here without EBLOCK.
        return false;
    }

    public void Forget(EpcPageIndex page)
    {
        for (int i = 0; i < _blocked.Count; i++)
        {
            if (_blocked[i].Page == page)
            {
                _blocked[i] = _blocked[^1];
                _blocked.RemoveAt(_blocked.Count - 1);
                return;
            }
        }
    }

    /// <summary>ETRACK. False: a thread of the previous epoch is still inside.</summary>
    public bool Track()
    {
        if (_insidePrevious > 0)
        {
            return false;
        }

        _epoch = (_epoch + 1) & _mask;
        _insidePrevious = _insideCurrent;
        _insideCurrent = 0;
        return true;
    }

    /// <summary>
    /// Every CPU inside takes an asynchronous exit and comes back; those outside take an interrupt. Returns how many,
    /// the caller's own not counted.
    /// </summary>
    public int Interrupt(Turn turn)
    {
        int hit = 0;
        for (int thread = 0; thread < _inside.Length; thread++)
        {
            if (_onCpu[thread] && threads[thread] != turn.Caller)
            {
                hit++;
            }

            if (_inside[thread])
            {
                turn.Interrupt(threads[thread], (int)Activity.Aex);
                turn.Interrupt(threads[thread], (int)Activity.Eresume);
            }
        }

        _floor = _epoch;
        _insideCurrent += _insidePrevious;
        _insidePrevious = 0;
        return hit;
    }
}
