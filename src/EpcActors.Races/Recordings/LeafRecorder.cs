using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios;

namespace EpcActors.Races.Recordings;

/// <summary>
/// Writes down the ENCLS leaves of a run of the race laboratory, with enclave page and EPC page, as the recordings of
/// the driver have them. It only watches messages: each leaf is one message of the model, but for EPA, which the page
/// count of sgx_encl_grow() follows at once.
/// </summary>
/// <remarks>
/// Left out: EEXTEND, and EREMOVE of SECS, VA and released pages. The EMODPR by which REMOVE_PAGES tests for the
/// acceptance faults (4000000e) when the page was accepted.
/// </remarks>
internal sealed class LeafRecorder : IRunObserver
{
    private const string PageFault = " ret=4000000e";
    private const string NotModifiable = " ret=14";

    private readonly Topology _topology;
    private readonly string[] _names;
    private readonly int[] _firstPages;
    private readonly Dictionary<TaskActor, EpcPageIndex> _taken = [];
    private readonly HashSet<TaskActor> _growing = [];
    private readonly int[] _ended;
    private readonly List<DriverEvent> _events = [];

    public LeafRecorder(Topology topology, Scenario scenario)
    {
        _topology = topology;
        _names = [.. scenario.Enclaves.Select(enclave => enclave.Name)];
        _ended = new int[topology.RaceTasks.Count];
        List<int> firsts = [];
        int first = 0;
        foreach (int pages in scenario.Machine.Nodes.SelectMany(node => node.SectionPages).Where(pages => pages > 0))
        {
            firsts.Add(first);
            first += pages;
        }

        _firstPages = [.. firsts];
    }

    /// <summary>Events, in order.</summary>
    public IReadOnlyList<DriverEvent> Events => _events;

    /// <summary>EWBs that did not write a page out.</summary>
    public int FailedEwbs { get; private set; }

    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        switch (envelope)
        {
            case Envelope<NumaNodeProtocol.TakePage> take when !take.Message.Page.IsNone:
                _taken[envelope.Caller] = take.Message.Page;
                break;
            case Envelope<EnclaveProtocol.TestGrow> test:
                Grow(envelope.Caller, test.Message.NeedsVaPage);
                break;
            case Envelope<EnclaveProtocol.CountGrow> when _growing.Remove(envelope.Caller):
                Leaf($"EPA - va {Epc(_taken[envelope.Caller])}");
                break;
            default:
                if (resource is Enclave enclave)
                {
                    OnEnclave(envelope, enclave);
                }

                break;
        }
    }

    public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        if ((RunEvent)what == RunEvent.EnclaveOomKill)
        {
            _events.Add(new DriverEvent(DriverEventKind.Kill, $"killed {_names[detail]}", -1));
        }
    }

    public void AfterStep()
    {
        for (int i = 0; i < _ended.Length; i++)
        {
            OperationTask task = _topology.RaceTasks[i].Task;
            while (_ended[i] < task.Done)
            {
                long free = _topology.Nodes.Sum(node => (long)node.FreePages);
                _events.Add(new DriverEvent(DriverEventKind.OperationEnd, task.Operations[_ended[i]++].Text, free));
            }
        }
    }

    private void OnEnclave(Envelope envelope, Enclave enclave)
    {
        switch (envelope)
        {
            case Envelope<EnclaveProtocol.Ecreate> create:
                Leaf($"ECREATE {Secs(enclave)} {Epc(create.Message.EpcPage)}{Failed(create.Message.HasFailed)}");
                break;
            case Envelope<EnclaveProtocol.LockAndAddPage> add when !add.Message.Exists:
                Page("EADD", enclave, add.Message.Page, add.Message.EpcPage, Failed(add.Message.HasFailed));
                break;
            case Envelope<EnclaveProtocol.LockAndEinit>:
                Leaf($"EINIT {Secs(enclave)} {Epc(enclave.SecsPage)}");
                break;
            case Envelope<EnclaveProtocol.Eaug> eaug:
                Page("EAUG", enclave, eaug.Message.Page, eaug.Message.EpcPage, Failed(eaug.Message.HasFailed));
                break;
            case Envelope<EnclaveProtocol.Eldu> eldu:
                Page("ELDU", enclave, eldu.Message.Page, eldu.Message.EpcPage, Failed(eldu.Message.HasFailed));
                break;
            case Envelope<EnclaveProtocol.BlockPage> block:
                Page("EBLOCK", enclave, block.Message.Page, block.Message.EpcPage, "");
                break;
            case Envelope<EnclaveProtocol.Ewb> ewb:
                FailedEwbs += ewb.Message.Result == LeafResult.Done ? 0 : 1;
                Page("EWB", enclave, ewb.Message.Page, ewb.Message.EpcPage, Result(ewb.Message.Result));
                break;
            case Envelope<EnclaveProtocol.Etrack> track:
                Leaf($"ETRACK {Secs(enclave)} {Epc(enclave.SecsPage)}{Result(track.Message.Result)}");
                break;
            case Envelope<EnclaveProtocol.ModifyPage> modify:
                Page(
                    modify.Message.To == EnclavePageType.Reg ? "EMODPR" : "EMODT",
                    enclave,
                    modify.Message.Page,
                    enclave.Entries[modify.Message.Page].EpcPage,
                    modify.Message.HasFaulted ? PageFault : modify.Message.IsNotModifiable ? NotModifiable : "");
                break;
            case Envelope<EnclaveProtocol.BeginRemove> begin when enclave.Entries[begin.Message.Page].IsTrim:
                EpcPageIndex tested = enclave.Entries[begin.Message.Page].EpcPage;
                string answer = begin.Message.IsRefused ? NotModifiable : PageFault;
                Page("EMODPR", enclave, begin.Message.Page, tested, answer);
                break;
            case Envelope<EnclaveProtocol.LockAndErase> erase:
                Page("EREMOVE", enclave, erase.Message.Page, erase.Message.EpcPage, "");
                break;
        }
    }

    private void Grow(TaskActor task, bool needsVaPage)
    {
        if (needsVaPage)
        {
            _growing.Add(task);
        }
        else
        {
            _growing.Remove(task);
        }
    }

    private void Leaf(string text) => _events.Add(new DriverEvent(DriverEventKind.Leaf, text, -1));

    private void Page(string leaf, Enclave enclave, int page, EpcPageIndex epcPage, string result) =>
        Leaf($"{leaf} {Child(enclave, page)} {Epc(epcPage)}{result}");

    private string Secs(Enclave enclave) => $"{_names[enclave.Index]} secs";

    private string Child(Enclave enclave, int page) =>
        page == enclave.Entries.PageCount ? Secs(enclave) : $"{_names[enclave.Index]} {page}";

    private string Epc(EpcPageIndex page)
    {
        if (page.IsNone)
        {
            return "epc=none";
        }

        int section = _firstPages.Length - 1;
        while (section > 0 && _firstPages[section] > page.Value)
        {
            section--;
        }

        return $"epc={section}:{page.Value - _firstPages[section]}";
    }

    private static string Failed(bool hasFailed) => hasFailed ? " failed" : "";

    private static string Result(LeafResult result) => result switch
    {
        LeafResult.Done => "",
        LeafResult.NotTracked => " SGX_NOT_TRACKED",
        LeafResult.PreviousTrackingIncomplete => " SGX_PREV_TRK_INCMPL",
        LeafResult.Failed => " failed",
        LeafResult.NotRun => " not run",
    };
}
