using System.Text.Json;
using EpcActors.Races;
using EpcActors.Races.Explorer;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Web;

/// <summary>
/// The desk of one reader: takes requests (<c>{"do": "take", "arg": "CPU0"}</c>), lets the session do them, and answers
/// with the regions of the page that have changed.
/// </summary>
/// <param name="clockMs">A clock that goes on, milliseconds.</param>
internal sealed class Desk(Func<long> clockMs)
{
    private const string ScheduleHeading = "# EpcActors schedule";

    private ExplorerSession? _session;
    private ScenarioDesk? _run;

    /// <summary>Does what a request asks for.</summary>
    /// <returns>The answer as JSON; a mistake of the reader is in its <c>error</c>.</returns>
    public string Handle(string request)
    {
        using JsonDocument asked = JsonDocument.Parse(request);
        string what = asked.RootElement.GetProperty("do").GetString() ?? "";
        string argument = asked.RootElement.TryGetProperty("arg", out JsonElement arg) ? arg.GetString() ?? "" : "";
        DeskAnswer answer = new();
        try
        {
            Do(what, argument, answer);
        }
        catch (RaceLinkException wrong)
        {
            answer.Error = wrong.Message;
        }
        catch (ScheduleFormatException wrong)
        {
            answer.Error = wrong.Message;
        }
        catch (RaceSetupException wrong)
        {
            answer.Error = wrong.Message;
        }
        catch (ConfigurationException wrong)
        {
            answer.Error = wrong.Errors.Count == 1 ? wrong.Message : $"{wrong.Errors.Count} mistakes: {wrong.Message}";
        }

        answer.IsBusy = IsBusy;
        return answer.ToJson();
    }

    /// <summary>Goes on with the work.</summary>
    /// <param name="milliseconds">For so long, and one piece at least.</param>
    /// <param name="shows">The answer shows how far the work is; else only its end does.</param>
    public string Work(int milliseconds, bool shows)
    {
        DeskAnswer answer = new();
        long end = clockMs() + milliseconds;
        string? before = _session?.Link.ToString();
        bool wasRunning = _run is { IsBusy: true };
        bool wasWorking = _session is { IsBusy: true };
        while (IsBusy)
        {
            if (_run is { IsBusy: true } run)
            {
                run.Advance();
            }

            if (_session is { IsBusy: true } session)
            {
                session.Advance();
            }

            if (clockMs() >= end)
            {
                break;
            }
        }

        answer.IsBusy = IsBusy;
        if (wasRunning && (shows || !_run!.IsBusy))
        {
            _run!.Show(answer);
        }

        if (wasWorking)
        {
            if (_session!.Link.ToString() != before)
            {
                Show(answer, _session.View());
            }
            else if (shows || !_session.IsBusy)
            {
                answer.Regions.AddRange(ExplorerPage.Counts(_session.View()));
            }
        }

        return answer.ToJson();
    }

    private bool IsBusy => _run is { IsBusy: true } || _session is { IsBusy: true };

    private void Do(string what, string argument, DeskAnswer answer)
    {
        switch (what)
        {
            case "check":
                IReadOnlyList<TextMistake> mistakes = OwnText.Check(argument);
                answer.Regions.Add(new("mistakes", ExplorerPage.Mistakes(mistakes)));
                answer.Text = mistakes.Count > 0 ? "" : OwnText.IsScenario(argument) ? "scenario" : "race";
                return;
            case "complete":
                answer.Text = OwnText.Complete(argument);
                return;
            case "sample":
                answer.Text = OwnText.Sample(argument);
                return;
            case "run":
                Run(argument, answer);
                return;
            case "stop-run":
                _run?.Stop();
                return;
            case "report":
                answer.Text = _run?.ToHtml();
                answer.FileName = "report.html";
                return;
            case "open":
                RaceLink link = RaceLink.Parse(argument);
                if (IsForEditor(link.Text, answer))
                {
                    return;
                }

                Open(link);
                break;
            case "file":
                if (!argument.StartsWith(ScheduleHeading, StringComparison.Ordinal) && IsForEditor(argument, answer))
                {
                    return;
                }

                OpenText(argument);
                break;
            default:
                if (_session is not { } session)
                {
                    return;
                }

                if (!Act(session, what, argument, answer))
                {
                    return;
                }

                break;
        }

        Show(answer, _session!.View());
    }

    /// <returns>True when the page has to be shown anew.</returns>
    private static bool Act(ExplorerSession session, string what, string argument, DeskAnswer answer)
    {
        switch (what)
        {
            case "take":
                session.Take(RacePath.Parse(argument)[0]);
                return true;
            case "go":
                session.Go(int.Parse(argument, System.Globalization.CultureInfo.InvariantCulture));
                return true;
            case "variant":
                session.Switch(argument);
                return true;
            case "compare":
                session.CompareWith(argument.Length == 0 ? null : argument);
                return true;
            case "known":
                session.ShowKnown();
                return true;
            case "go-on":
                session.BeginGoOn(argument);
                return true;
            case "shortest":
                session.BeginShortest(argument);
                return true;
            case "count":
                session.BeginCount();
                return true;
            case "map":
                session.BeginMap(int.Parse(argument, System.Globalization.CultureInfo.InvariantCulture));
                return true;
            case "walk":
                session.GoTo(RacePath.Parse(argument));
                return true;
            case "faults":
                session.ShowFaults(argument == "on");
                return true;
            case "inject":
                session.Inject(argument);
                return true;
            case "aside":
                session.SetAside();
                return true;
            case "beside":
                PutBeside(session, argument.Trim());
                return true;
            case "stop":
                session.Stop();
                return true;
            case "mail":
                ExplorerView view = session.View();
                answer.Text = RaceListing.KernelStyle(view.Position.Trace);
                return false;
            case "schedule":
                answer.Text = session.ToSchedule().ToString();
                answer.FileName = $"{session.View().Race.Id}.schedule";
                return false;
            case "text":
                answer.Text = session.Text;
                return false;
            default:
                answer.Error = $"'{what}' is not something that the page can do";
                return false;
        }
    }

    /// <summary>Runs what stands in the editor: a scenario. A race is opened with "file".</summary>
    private void Run(string text, DeskAnswer answer)
    {
        LoadedScenario loaded = OwnText.Load(text);
        if (loaded.Race is not null)
        {
            throw new RaceLinkException("this is a race: it is played, not run");
        }

        _run = new ScenarioDesk(loaded.Scenario);
        _run.Show(answer);
        answer.Place = new RaceLink { Text = text }.ToString();
    }

    /// <summary>A scenario, or a text with a mistake: the editor shows it.</summary>
    private bool IsForEditor(string text, DeskAnswer answer)
    {
        if (text.Length == 0 || OwnText.IsRace(text))
        {
            return false;
        }

        answer.Editor = text;
        answer.Place = new RaceLink { Text = text }.ToString();
        return true;
    }

    /// <summary>Compares with the text of a schedule, or with a link.</summary>
    private static void PutBeside(ExplorerSession session, string text)
    {
        if (text.StartsWith(ScheduleHeading, StringComparison.Ordinal))
        {
            session.CompareWith(Schedule.Parse(text, "the other schedule"));
        }
        else if (text.Contains('\n', StringComparison.Ordinal))
        {
            throw new RaceLinkException("only a schedule or a link can be put beside this one");
        }
        else
        {
            session.CompareWith(RaceLink.Parse(text[(text.IndexOf('#', StringComparison.Ordinal) + 1)..]));
        }
    }

    private void Open(RaceLink link)
    {
        if (_session is null)
        {
            _session = new ExplorerSession(link);
        }
        else
        {
            _session.Open(link);
        }
    }

    /// <summary>A schedule, or a race file.</summary>
    private void OpenText(string text)
    {
        if (!text.StartsWith(ScheduleHeading, StringComparison.Ordinal))
        {
            Open(new RaceLink { Text = text });
            return;
        }

        Schedule schedule = Schedule.Parse(text, "the file");
        Open(ExplorerSession.LinkOf(schedule));
        _session!.Open(schedule);
    }

    private static void Show(DeskAnswer answer, ExplorerView view)
    {
        answer.Regions.AddRange(ExplorerPage.Regions(view));
        answer.Link = view.Link;
        answer.Title = $"{view.Race.Id}: {view.Race.Title}";
        answer.Rule = view.Race.Rule;
        answer.IsKnown = view.Race.HasSchedule;
        answer.TraceHash = view.Position.TraceHash;
        answer.StateHash = view.Position.StateHash;
    }
}
