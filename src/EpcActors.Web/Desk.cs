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
    private ExplorerSession? _session;

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

        return answer.ToJson();
    }

    /// <summary>Goes on with the work.</summary>
    /// <param name="milliseconds">For so long, and one piece at least.</param>
    /// <param name="shows">The answer shows how far the work is; else only its end does.</param>
    public string Work(int milliseconds, bool shows)
    {
        DeskAnswer answer = new();
        if (_session is { IsBusy: true } session)
        {
            long end = clockMs() + milliseconds;
            string before = session.Link.ToString();
            do
            {
                session.Advance();
            }
            while (session.IsBusy && clockMs() < end);

            answer.IsBusy = session.IsBusy;
            if (session.Link.ToString() != before)
            {
                Show(answer, session.View());
            }
            else if (shows || !session.IsBusy)
            {
                ExplorerView view = session.View();
                answer.Regions.AddRange(ExplorerPage.Counts(view));
            }
        }

        return answer.ToJson();
    }

    private void Do(string what, string argument, DeskAnswer answer)
    {
        switch (what)
        {
            case "check":
                answer.Regions.Add(new("mistakes", ExplorerPage.Mistakes(OwnRace.Check(argument))));
                return;
            case "complete":
                answer.Text = OwnRace.Complete(argument);
                return;
            case "sample":
                answer.Text = OwnRace.Sample(argument);
                return;
            case "open":
                Open(RaceLink.Parse(argument));
                break;
            case "file":
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
        if (!text.StartsWith("# EpcActors schedule", StringComparison.Ordinal))
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
        answer.IsBusy = view.IsBusy;
        answer.Link = view.Link;
        answer.Title = $"{view.Race.Id}: {view.Race.Title}";
        answer.Rule = view.Race.Rule;
        answer.IsKnown = view.Race.HasSchedule;
        answer.TraceHash = view.Position.TraceHash;
    }
}
