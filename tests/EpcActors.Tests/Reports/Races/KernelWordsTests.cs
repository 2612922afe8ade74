using System.Reflection;
using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports.Races;

public sealed class KernelWordsTests
{
    private static readonly HashSet<Type> OverProcesses =
    [
        typeof(EnclaveProtocol.HoldsNode),
        typeof(VirtualEpcProtocol.HoldsNode),
    ];

    [Fact]
    public void Every_message_has_a_phrase_and_a_name_of_its_own()
    {
        List<Type> messages = Messages();
        Assert.True(messages.Count > 90);
        Assert.Equal(messages.Count, messages.Select(m => m.Name).Distinct().Count());
        Assert.Empty(messages.Where(m => !KernelWords.Knows(m.Name)).Select(m => m.Name));
    }

    [Fact]
    public void No_phrase_asks_for_a_field_that_its_message_has_not()
    {
        // With every field set to a mark of its own and without any, every phrase has something to say.
        RaceTrace trace = SampleRaces.LostUpdate();
        foreach (Type message in Messages())
        {
            foreach (bool isParked in (bool[])[false, true])
            {
                RaceStep bare = SampleRaces.Step(1, 0, 0, message.Name, [], []) with { IsParked = isParked };
                (string, string)[] fields =
                [
                    .. message
                        .GetFields(BindingFlags.Instance | BindingFlags.Public)
                        .Select(f =>
                            (
                                f.Name,
                                f.FieldType.IsEnum ? Enum.GetNames(f.FieldType)[^1]
                                : f.FieldType.Name == "YesNo" ? "yes"
                                : "11")),
                ];
                RaceStep full = SampleRaces.Step(1, 0, 0, message.Name, [], [], fields) with { IsParked = isParked };
                foreach (RaceStep step in (RaceStep[])[bare, full])
                {
                    string phrase = KernelWords.Phrase(trace, step);
                    Assert.False(string.IsNullOrWhiteSpace(phrase));
                    Assert.DoesNotContain('\n', phrase);
                    Assert.True(phrase.Length <= 110, phrase);
                    Assert.All(phrase, c => Assert.InRange(c, ' ', '~'));
                }
            }
        }
    }

    [Fact]
    public void A_machine_in_one_process_adds_no_frame_to_a_routine() =>
        Assert.Empty(typeof(OneMachine).GetNestedTypes(BindingFlags.NonPublic));

    [Fact]
    public void A_stack_has_no_frames_for_parts_and_user_space()
    {
        RaceTrace trace = SampleRaces.Hang();
        Assert.Equal(
            [
                "encl.c: sgx_vma_fault()",
                "encl.c: __sgx_encl_load_page()",
                "encl.c: sgx_encl_eldu()",
                "main.c: sgx_alloc_epc_page()",
                "main.c: __sgx_alloc_epc_page()",
            ],
            KernelWords.Stack(trace.Steps[3]));
        Assert.Equal(["main.c: ksgxd()"], KernelWords.Stack(trace.Steps[0]));
        Assert.Empty(KernelWords.Stack(trace.Steps[8]));
    }

    [Fact]
    public void Phrases_carry_the_values()
    {
        RaceTrace trace = SampleRaces.LostUpdate();
        Assert.Equal(
            [
                "spin_lock(&node0->lock); page 3 off node0->free_page_list",
                "spin_lock(&node1->lock); page 7 to node1->free_page_list",
                "tmp = sgx_nr_free_pages (100)",
                "tmp = sgx_nr_free_pages (100)",
                "sgx_nr_free_pages = tmp - 1 (99)",
                "spin_unlock(&node0->lock)",
                "read sgx_nr_free_pages (99)",
                "sgx_nr_free_pages = tmp + 1 (101)",
                "spin_unlock(&node1->lock)",
                "list_empty(&sgx_active_page_list): true (unlocked)",
            ],
            trace.Steps.Select(s => KernelWords.Phrase(trace, s)));
        RaceTrace hang = SampleRaces.Hang();
        Assert.Equal("schedule(): sleeps on ksgxd_waitq", KernelWords.Phrase(hang, hang.Steps[0]));
        Assert.Equal("... waits for encl->lock", KernelWords.Phrase(hang, hang.Steps[2]));
        RaceStep charge = SampleRaces.Step(1, 0, 3, "Charge", [], [], [("Bytes", "4096")], [("Result", "Over")]);
        Assert.Equal("misc_cg_try_charge: usage(/) += 4096, above max", KernelWords.Phrase(trace, charge));
        Assert.Equal(
            "... waits: New(node-0): A 1",
            KernelWords.Phrase(trace, SampleRaces.Step(1, 0, 0, "New", [], [], [("A", "1")]) with { IsParked = true }));
    }

    /// <summary>Messages of the laboratory: a race is between the tasks of one process.</summary>
    private static List<Type> Messages() =>
        [
            .. typeof(NumaNode)
                .Assembly.GetTypes()
                .Where(t =>
                    t.IsValueType
                    && typeof(IMessage).IsAssignableFrom(t)
                    && t.DeclaringType != typeof(ClusterProtocol)
                    && t.DeclaringType != typeof(SharedNodeProtocol)
                    && !OverProcesses.Contains(t)),
        ];
}
