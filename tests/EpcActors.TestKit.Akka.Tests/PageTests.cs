using System.Xml.Linq;
using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests;

/// <summary>The page and the diagram of a found race say what its steps say.</summary>
public sealed class PageTests : AkkaRaces
{
    [Fact]
    public void A_failing_check_writes_a_page_beside_the_schedule()
    {
        string folder = Directory.CreateTempSubdirectory("races").FullName;
        try
        {
            ActorRaceFoundException failure = Assert.Throws<ActorRaceFoundException>(
                () => Race(Overdraft).SchedulesTo(folder).Check());
            string page = Path.Combine(folder, $"{nameof(A_failing_check_writes_a_page_beside_the_schedule)}.html");
            Assert.Contains(page.Replace('\\', '/'), failure.Message, StringComparison.Ordinal);
            XElement html = Parse(File.ReadAllText(page));
            Assert.Contains(".MustBreak();", ById(html, "command").Value, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Rows_and_arrows_of_the_page_are_those_of_the_run()
    {
        FoundActorRace found = Race(Overdraft).Expect("no debt");
        XElement html = Parse(PageOf(found));
        string[][] rows =
        [
            .. ById(html, "words").Descendants("tbody").Single().Elements("tr")
                .Select(row => row.Elements("td").Select(cell => cell.Value).ToArray()),
        ];
        Assert.Equal(
            found.Steps.Select(step => $"{step.Actor}|{step.Detail}|{step.Sender}"),
            rows.Select(row => $"{row[2]}|{row[3]}|{row[4]}"));

        XElement svg = html.Descendants("svg").Single(one => (string?)one.Attribute("class") == "lamport");
        int arrows = svg.Elements("line").Count(line => ((string?)line.Attribute("marker-end")) is not null);
        int expected = Enumerable.Range(0, found.Steps.Count).Sum(i => found.DetailOf(i).Causes.Count(
            cause => (cause < 0 ? FoundActorRace.Outside : found.Steps[cause].Actor) != found.Steps[i].Actor));
        Assert.Equal(expected, arrows);
        Assert.Equal(found.Steps.Count, svg.Descendants("circle").Count());
    }

    /// <summary>An answer comes from the step that asked for it, and a message told at the start from none.</summary>
    [Fact]
    public void Causes_are_the_steps_that_sent()
    {
        FoundActorRace found = Race(Overdraft).Expect("no debt");
        for (int i = 0; i < found.Steps.Count; i++)
        {
            int cause = Assert.Single(found.DetailOf(i).Causes);
            if (found.Steps[i].Message == nameof(Take))
            {
                Assert.Equal(-1, cause);
                Assert.Contains($"{nameof(Book)} to book", found.DetailOf(i).Sent);
            }
            else
            {
                Assert.Equal("account", found.Steps[cause].Actor);
                Assert.Equal(nameof(Take), found.Steps[cause].Message);
            }
        }

        Assert.Contains("book: Book", found.DetailOf(1).Others);
    }

    [Fact]
    public void Markup_in_names_and_contents_stays_text()
    {
        FoundActorRace found = Race(race =>
        {
            RaceProbe probe = race.Probe("probe");
            probe.Ref.Tell(new Named("</script><b>&"));
            race.Finally(() => Assert.Fail("<i> & ]]>"), "a < b");
        }).Expect("a < b");
        string page = PageOf(found);
        XElement html = Parse(page);
        Assert.Empty(html.Descendants("b"));
        Assert.Equal(1, page.Split("<script type=").Length - 1);
        Assert.Equal(2, html.Descendants("script").Count());
    }

    [Fact]
    public void The_diagram_of_Mermaid_names_paths_types_and_senders()
    {
        FoundActorRace found = Race(Overdraft).Expect("no debt");
        string[] lines = found.Mermaid.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("sequenceDiagram", lines[0]);
        Assert.Contains("    participant p0 as test", lines);
        Assert.Contains("    participant p1 as account", lines);
        Assert.Equal(found.Steps.Count, lines.Count(line => line.Contains("-)", StringComparison.Ordinal)));
        Assert.Contains("    p0-)p1: 1 Take #123; Amount = 80 #125;", lines);
        Assert.Equal("    Note over p0,p2: violated#58; no debt", lines[^1]);
        Assert.DoesNotContain('{', found.Mermaid);
    }

    private static string PageOf(FoundActorRace found)
    {
        string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.html");
        try
        {
            found.SaveHtml(file);
            return File.ReadAllText(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static XElement Parse(string page) =>
        XElement.Parse(page.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal));

    private static XElement ById(XElement html, string id) =>
        html.Descendants().Single(one => (string?)one.Attribute("id") == id);

    /// <summary>The account looks at the book's last word, which is not there yet.</summary>
    private static void Overdraft(Race race)
    {
        int balance = 100;
        Action<int> take = by => balance -= by;
        Func<int> read = () => balance;
        IActorRef book = race.ActorOf(Props.Create(() => new BookKeeper(take)), "book");
        IActorRef account = race.ActorOf(Props.Create(() => new Account(book, read)), "account");
        account.Tell(new Take(80));
        account.Tell(new Take(80));
        race.Finally(() => Assert.True(balance >= 0, $"balance {balance}"), "no debt");
    }

    private sealed record Take(int Amount);

    private sealed record Book(int Amount);

    private sealed record Named(string Name);

    private sealed class Account : ReceiveActor
    {
        public Account(IActorRef book, Func<int> balance) => Receive<Take>(take =>
        {
            if (balance() >= take.Amount)
            {
                book.Tell(new Book(take.Amount));
            }
        });
    }

    private sealed class BookKeeper : ReceiveActor
    {
        public BookKeeper(Action<int> take) => Receive<Book>(book => take(book.Amount));
    }
}
