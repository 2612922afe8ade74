using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Oracles;

/// <content>
/// Rules that hold only when no task is under way: references equal their holders, and cursors stand on what lives.
/// </content>
internal sealed partial class Audit
{
    /// <summary>
    /// Over several processes a cgroup, or a page, may be held from elsewhere: then only enclaves are compared.
    /// </summary>
    private void AuditReferences()
    {
        foreach (EnclaveActors actors in _topology.Enclaves)
        {
            AuditReferences(actors.Enclave);
        }

        if (!_topology.IsWholeMachine)
        {
            return;
        }

        // Pages charged to each directly: usage is not summed up yet.
        Array.Clear(_references);
        for (int i = _references.Length - 1; i >= 0; i--)
        {
            Cgroup cgroup = _topology.Cgroups[i];
            _references[i] += _charged[i] + (cgroup.IsDying ? 0 : 1);
            int parent = _topology.Machine.CgroupParents[i];
            if (parent >= 0 && _references[i] > 0)
            {
                _references[parent]++;
            }

            if (cgroup.References != _references[i])
            {
                _violate(
                    Rules.CssReferences,
                    $"{cgroup.Name} has {Counted.Of(cgroup.References, "reference")} at rest; "
                        + $"{(cgroup.IsDying ? "without its directory" : "its directory")}, "
                        + $"{Counted.Of(_charged[i], "page")} charged "
                        + "to it and its "
                        + $"children hold {_references[i]}");
            }
        }
    }

    /// <summary>
    /// The open file holds one, and each process on mm_list, where the entry owns one (R11). Processes that have ended
    /// hold neither.
    /// </summary>
    private void AuditReferences(Enclave enclave)
    {
        bool ownsReference = _topology.Machine.Switches.MmListOwnsReference == Fix.Present;
        int holders = (enclave.FileHolders > 0 ? 1 : 0) + (ownsReference ? enclave.MmCount : 0);
        if (enclave.References != holders)
        {
            _violate(
                Rules.EnclaveReferences,
                $"{enclave.Name} has {Counted.Of(enclave.References, "reference")} at rest; "
                + $"{Counted.Of(enclave.FileHolders, "process")} have "
                + $"its file open and {enclave.MmCount} are on its mm_list");
        }
        else if (enclave.IsFreed != (holders == 0))
        {
            string what = enclave.IsFreed
                ? "was released although it is held"
                : "has no holder left and was not released";
            _violate(Rules.EnclaveReferences, $"{enclave.Name} {what}");
        }

        int living = 0;
        foreach ((AddressSpace mm, int index) in _topology.AddressSpaces)
        {
            living += index == enclave.Index && !mm.IsGone ? 1 : 0;
        }

        if (enclave.MmCount > living)
        {
            _violate(
                Rules.EnclaveReferences,
                $"{enclave.Name} has {Counted.Of(enclave.MmCount, "process")} on its mm_list at rest, and {living} "
                + "address spaces "
                + "live");
        }
    }

    /// <summary>
    /// The task that frees a cgroup may be about to take the cursors off it; when no task is under way, none stands on
    /// a freed one (C9).
    /// </summary>
    private void AuditCursors()
    {
        foreach (Cgroup root in _topology.Cgroups)
        {
            Cgroup next = _topology.Cgroups[_tree!.CursorOf(root.Index)];
            if (!root.IsFreed && next.IsFreed)
            {
                _violate(Rules.UseAfterFree, $"the cursor of {root.Name} stands on {next.Name}, which was freed");
            }
        }
    }
}
