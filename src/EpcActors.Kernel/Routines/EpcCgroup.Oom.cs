using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;

namespace EpcActors.Kernel.Routines;

/// <content>The out-of-memory killer for enclaves of v2 to v5.</content>
internal static partial class EpcCgroup
{
    /// <summary>
    /// sgx_epc_cgroup_oom of v2 to v5: the first cgroup in pre-order that has a victim. It skips dying cgroups, also
    /// where other walks stop.
    /// </summary>
    /// <returns>True: there is a victim, or one is on its way out already.</returns>
    [Linux("epc_cgroup.c", "sgx_epc_cgroup_oom")]
    public static async Routine<bool> OomKill(KernelTask current, int root)
    {
        int cgroup = -1;
        while (true)
        {
            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                return false;
            }

            if (cgroup != root && !await TryGet(current, cgroup))
            {
                continue;
            }

            bool hasVictim = await OomKillOne(current, cgroup);
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }

            if (hasVictim)
            {
                return true;
            }
        }
    }

    /// <summary>
    /// sgx_epc_oom: the enclave with the oldest unreclaimable page of one cgroup is made unusable. Each look takes its
    /// page off the list for good, pages of dying enclaves included.
    /// </summary>
    /// <remarks>The kernel pops and takes the enclave's reference in one hold of the LRU's lock. Between our two
    /// messages the enclave could go away, which has the same effect as if it had gone before; the page is off the list
    /// in either case.</remarks>
    [Linux("main.c", "sgx_epc_oom")]
    private static async Routine<bool> OomKillOne(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        while (true)
        {
            CgroupProtocol.PopVictimPage pop = await current.Ask(
                machine.Cgroups[cgroup],
                new CgroupProtocol.PopVictimPage());
            if (pop.Enclave < 0)
            {
                return false;
            }

            ActorId enclave = machine.Enclaves[pop.Enclave].Enclave;
            EnclaveProtocol.TryGetRef reference = await current.Ask(enclave, new EnclaveProtocol.TryGetRef());
            if (!reference.Got)
            {
                continue;
            }

            // C3: when one that is dying already does not count, the next page on the list decides over a second
            // enclave.
            (bool isVictim, bool wasMarked) = await KillEnclave(current, pop.Enclave, enclave);
            if (!wasMarked || current.Switches.OomCountsDying == Fix.Present)
            {
                return isVictim;
            }
        }
    }

    /// <summary>
    /// The victim's part: an enclave that was not created is not a victim, and one that is marked already is skipped.
    /// </summary>
    [Linux("main.c", "sgx_epc_oom_encl")]
    private static async Routine<(bool IsVictim, bool WasMarked)> KillEnclave(
        KernelTask current,
        int index,
        ActorId enclave)
    {
        EnclaveProtocol.MarkOutOfMemory mark = await current.Ask(enclave, new EnclaveProtocol.MarkOutOfMemory());
        if (!mark.IsNotCreated && !mark.WasMarked)
        {
            current.Report(RunEvent.EnclaveOomKill, current.NowNs, index);
            await Encl.ZapPtes(current, index, 0, current.Machine.Enclaves[index].PageCount);
            await Encl.DrainMmList(current, index);
        }

        await Encl.PutRef(current, index);
        return (!mark.IsNotCreated, mark.WasMarked);
    }
}
