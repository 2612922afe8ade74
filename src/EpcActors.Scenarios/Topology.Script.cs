using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Tasks;

namespace EpcActors.Scenarios;

/// <content>The script's actions, with the actors that they are for.</content>
public sealed partial class Topology
{
    private AdminAction Resolve(ScriptAction action)
    {
        switch (action)
        {
            case ScriptAction.SetMax set:
                return new AdminAction.WriteMax(set.AtNs, set.Cgroup, set.Max);
            case ScriptAction.SetMemoryMax set:
                return new AdminAction.WriteMemoryMax(set.AtNs, set.Cgroup, set.Max);
            case ScriptAction.KillEnclave kill:
                return new AdminAction.KillProcess(kill.AtNs, Enclaves[kill.Enclave].Process.Id);
            case ScriptAction.KillVirtualMachine kill:
                return new AdminAction.KillProcess(kill.AtNs, VirtualMachines[kill.VirtualMachine].Process.Id);
            case ScriptAction.Migrate migrate:
                return new AdminAction.MigrateProcess(
                    migrate.AtNs, Enclaves[migrate.Enclave].Process.Id, migrate.Cgroup, migrate.Cgroup);
            case ScriptAction.CreateCgroup create:
                return new AdminAction.CreateCgroup(create.AtNs, create.Cgroup);
            case ScriptAction.RemoveCgroup remove:
                return new AdminAction.RemoveCgroup(remove.AtNs, remove.Cgroup);
            case ScriptAction.LoseEpc lose:
                return new AdminAction.LoseEpc(lose.AtNs);
            case ScriptAction.PoisonGuest poison:
                return new AdminAction.PoisonGuest(
                    poison.AtNs, VirtualMachines[poison.VirtualMachine].VirtualEpc.Id, poison.First, poison.Count);
            case ScriptAction.Poison poison:
                List<EpcPageIndex> pages = [];
                int left = poison.Count;
                int skip = poison.First;
                for (int page = 0; page < Machine.CapacityPages && left > 0; page++)
                {
                    if (Machine.NodeOf(new EpcPageIndex(page)) == poison.Node && skip-- <= 0)
                    {
                        pages.Add(new EpcPageIndex(page));
                        left--;
                    }
                }

                return new AdminAction.Poison(poison.AtNs, pages);
            default:
                throw new InvariantViolation($"{action.GetType().Name} is not an action that a script can have");
        }
    }
}
