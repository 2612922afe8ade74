using System.Runtime.CompilerServices;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Results;
using static EpcActors.Tests.OracleTests.PlantedRun;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// A loss of the EPC (suspend, migration of a virtual machine) empties the EPCM on a thread of its own. In a live run
/// it may come between an ELDU and the oracle's look at the loaded page: that is not a page that came back wrong.
/// </summary>
public sealed class LostEpcTests
{
    [Fact]
    public void A_loss_between_a_load_and_the_look_at_it_is_no_wrong_page()
    {
        (SharedRun run, int loads) = Run(loads: 1, isLost: true);
        Assert.Equal(1, loads);
        Assert.Empty(run.Oracle.Violations);

        // In virtual time nothing comes between the two.
        Assert.Equal(Rules.EpcmReload, Assert.Single(run.Simulated.Violations).Rule);
    }

    /// <summary>One load of an enclave can meet one loss. What is empty after that was not lost with the EPC.</summary>
    [Fact]
    public void A_second_empty_page_behind_one_loss_is_found()
    {
        (SharedRun run, int loads) = Run(loads: 2, isLost: true);
        Assert.Equal(2, loads);
        Assert.Equal(Rules.EpcmReload, Assert.Single(run.Oracle.Violations).Rule);
    }

    [Fact]
    public void An_empty_page_without_a_loss_is_found()
    {
        (SharedRun run, int loads) = Run(loads: 1, isLost: false);
        Assert.Equal(1, loads);
        Assert.Equal(Rules.EpcmReload, Assert.Single(run.Oracle.Violations).Rule);
    }

    private static (SharedRun Run, int Loads) Run(int loads, bool isLost)
    {
        SharedRun run = new(Tight(), 1 * Ms, auditsBetween: false);
        int seen = 0;
        EpcPageTable pages = run.Topology.Machine.Pages;
        run.Between = (envelope, resource) =>
        {
            if (envelope is not Engine.Envelope<EnclaveProtocol.Eldu> { Message: var eldu }
                || eldu.HasFailed
                || resource is not Enclave { Index: 0 } enclave
                || eldu.Page == enclave.Entries.PageCount
                || seen == loads)
            {
                return null;
            }

            if (isLost && seen == 0)
            {
                Losses(pages)++;
            }

            seen++;
            Epcm before = EpcmEntry.Read(ref pages[eldu.EpcPage]).State;
            EpcmEntry.Clear(ref pages[eldu.EpcPage]);
            return () => EpcmEntry.Set(ref pages[eldu.EpcPage], before);
        };
        run.Execute();
        return (run, seen);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_losses")]
    private static extern ref int Losses(EpcPageTable pages);
}
