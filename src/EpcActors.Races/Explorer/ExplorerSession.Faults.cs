using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Races.Explorer;

/// <summary>
/// What a reader lets happen from outside: a kill, a signal, the loss of the EPC, a leaf that fails. Each is a setting
/// of the race, so that links and schedules hold it and the command replays it: a task that is optional, or a choice
/// that may be made once more.
/// </summary>
public sealed partial class ExplorerSession
{
    private const string Tasks = "epc.race.tasks.";
    private const string Choices = "epc.race.choices.";

    private bool _showsFaults;
    private string _faultsOf = "";
    private IReadOnlyList<ExplorerFault> _faults = [];

    /// <summary>Shows what can be let happen from outside at each position, or no more.</summary>
    public void ShowFaults(bool isShown) => _showsFaults = isShown;

    /// <summary>Lets something happen from outside at this position.</summary>
    /// <param name="fault">Argument of an <see cref="ExplorerFault"/> of the position.</param>
    /// <exception cref="RaceLinkException">There is no such thing here.</exception>
    public void Inject(string fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (!(_showsFaults ? Faults()! : FindFaults()).Any(one => one.Argument == fault))
        {
            throw new RaceLinkException($"'{fault}' cannot happen here");
        }

        string[] words = fault.Split(' ');
        if (words[0] == "fail")
        {
            Fail(words[1], ChoicePoints.Parse(words[2])!.Value);
        }
        else
        {
            Happen(fault);
        }
    }

    private IReadOnlyList<ExplorerFault>? Faults()
    {
        if (!_showsFaults)
        {
            return null;
        }

        string here = (Link with { Versus = null, VersusPath = null }).ToString();
        if (_faultsOf != here)
        {
            _faults = FindFaults();
            _faultsOf = here;
        }

        return _faults;
    }

    private IReadOnlyList<ExplorerFault> FindFaults()
    {
        if (_explorer.Look([.. Taken]).Choices.Count == 0)
        {
            return [];
        }

        Scenario scenario = _explorer.Race.Scenario;
        string[] processes =
        [
            .. scenario.Enclaves.Select(enclave => enclave.Name),
            .. scenario.VirtualMachines.Select(guest => guest.Name),
        ];
        List<ExplorerFault> faults =
        [
            .. processes.Select(name => new ExplorerFault("kill", $"kill {name}", $"kill -9 {name}")),
            .. processes.Select(name => new ExplorerFault(
                "signal", $"signal {name}", $"signal {name}, with a handler")),
            new ExplorerFault("EPC", "lose-epc", "the EPC holds nothing any more (suspend)"),
        ];
        RaceLink place = _place with
        {
            Settings = Enum.GetValues<ChoicePoint>().Aggregate(_place.Settings, OnceMore),
        };
        RaceExplorer explorer = Explorer(place);
        IReadOnlyList<RaceMove> path = explorer.PathOf(_explorer.ScheduleOf([.. Taken], [], ""), out _);
        foreach ((string task, ChoicePoint point) in explorer.FaultsAhead(path))
        {
            faults.Add(new ExplorerFault(
                "failures", $"fail {task} {ChoicePoints.Name(point)}", $"{Describe(point)} of {task} fails"));
        }

        return faults;
    }

    /// <summary>A task that does it is there from then on, and has made its first step.</summary>
    private void Happen(string operation)
    {
        string stem = operation.Replace(' ', '-').Replace('.', '-');
        HashSet<string> taken = [.. Taken.Select(move => move.Task)];
        string name = stem;
        for (int i = 2; taken.Contains(name); i++)
        {
            // One that has acted is past: another one does the same again.
            name = $"{stem}-{i.ToString(CultureInfo.InvariantCulture)}";
        }

        RaceMove move = new(name);
        if (_explorer.HasTask(name))
        {
            Take(move);
            return;
        }

        string key = $"{Tasks}{name}";
        if (Adopt([.. _place.Settings, $"{key}.do=[\"{operation}\"]", $"{key}.optional=on"]))
        {
            Take(move);
        }
    }

    private void Fail(string task, ChoicePoint point)
    {
        if (_explorer.WithFault([.. Taken], task, point) is not { } path)
        {
            if (!Adopt(OnceMore(_place.Settings, point)))
            {
                return;
            }

            path = _explorer.WithFault([.. Taken], task, point)
                ?? throw new RaceLinkException($"{Describe(point)} of {task} does not come up here");
        }

        Walk(path);
    }

    /// <summary>Goes on with other settings at the same position.</summary>
    private bool Adopt(IReadOnlyList<string> settings)
    {
        Schedule taken = _explorer.ScheduleOf([.. Taken], [], "");
        RaceLink place = _place with { Settings = settings };
        RaceExplorer explorer = Explorer(place);
        IReadOnlyList<RaceMove> path = explorer.PathOf(taken, out string? divergence);
        if (divergence is not null)
        {
            Say($"The steps so far cannot be made with it: {divergence}.");
            return false;
        }

        _explorer = explorer;
        _place = place;
        Walk(path);
        return true;
    }

    private IReadOnlyList<string> OnceMore(IReadOnlyList<string> settings, ChoicePoint point)
    {
        string key = $"{Choices}{ChoicePoints.Name(point)}=";
        int times = _explorer.Race.Scenario.Race!.Choices.GetValueOrDefault(point) + 1;
        return
        [
            .. settings.Where(one => !one.StartsWith(key, StringComparison.Ordinal)),
            key + times.ToString(CultureInfo.InvariantCulture),
        ];
    }

    private static string Describe(ChoicePoint point) => point switch
    {
        ChoicePoint.EwbFails => "the next EWB",
        ChoicePoint.EtrackFails => "the next ETRACK",
        ChoicePoint.BackingFails => "the next allocation of backing store",
        ChoicePoint.EremoveFails => "the next EREMOVE",
        ChoicePoint.EcreateFails => "the next ECREATE",
        ChoicePoint.EextendFails => "the next EEXTEND",
    };
}
