using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;

namespace EpcActors.Tests.Kernel;

/// <summary>Whom the IPI of an eviction hits.</summary>
public sealed class TrackingTests
{
    [Fact]
    public void An_IPI_goes_to_every_CPU_with_a_thread_of_the_enclave_but_the_senders_own_and_those_that_sleep()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            ActorId encl = rig.Enclave().Id;
            await rig.Build(t, 8);
            EnclaveProtocol.EnterEnclave inside = await t.Ask(encl, new EnclaveProtocol.EnterEnclave { Thread = 0 });
            EnclaveProtocol.EnterEnclave other = await t.Ask(encl, new EnclaveProtocol.EnterEnclave { Thread = 1 });
            await t.Ask(encl, new EnclaveProtocol.ExitEnclave { Thread = 1, Epoch = other.Epoch });
            await KernelRig.ReclaimBatch(t, 2);
            other = await t.Ask(encl, new EnclaveProtocol.EnterEnclave { Thread = 1 });
            await t.Ask(encl, new EnclaveProtocol.ExitEnclave { Thread = 1, Epoch = other.Epoch, LeavesCpu = true });
            await KernelRig.ReclaimBatch(t, 2);
            await t.Ask(encl, new EnclaveProtocol.ExitEnclave { Thread = 0, Epoch = inside.Epoch, LeavesCpu = true });
        });
        rig.Run();
        Assert.Equal(
            [2, 1],
            rig.Steps.Select(step => step.Content).OfType<EnclaveProtocol.SendIpi>().Select(ipi => ipi.Cpus));
    }
}
