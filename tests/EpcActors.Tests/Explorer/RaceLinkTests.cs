using EpcActors.Races;
using EpcActors.Races.Explorer;

namespace EpcActors.Tests.Explorer;

public sealed class RaceLinkTests
{
    [Theory]
    [InlineData("")]
    [InlineData("CPU0")]
    [InlineData("CPU0*2,CPU1*3,CPU0")]
    [InlineData("!01,ksgxd!1,ksgxd")]
    [InlineData("a%20b%2C%21%2A,CPU0")]
    public void A_path_reads_as_it_is_written(string text) => Assert.Equal(text, RacePath.Format(RacePath.Parse(text)));

    [Fact]
    public void A_path_counts_repeated_steps()
    {
        IReadOnlyList<RaceMove> path = RacePath.Parse("CPU0*2,CPU1!0100,CPU0");

        Assert.Equal([new("CPU0"), new("CPU0"), new("CPU1", "01"), new("CPU0")], path);
    }

    [Theory]
    [InlineData("CPU0*x")]
    [InlineData("CPU0*0")]
    [InlineData("CPU0*20001")]
    [InlineData("CPU0*20000,CPU1")]
    [InlineData("CPU0!2")]
    [InlineData("*3")]
    public void A_path_that_is_damaged_is_refused(string text) =>
        Assert.Throws<RaceLinkException>(() => RacePath.Parse(text));

    [Fact]
    public void A_link_reads_as_it_is_written()
    {
        RaceLink link = new()
        {
            Race = "D3",
            Variant = "buggy",
            Settings = ["epc.race.choices.ewb-fails=2", "epc.title=a/b;c=d"],
            Path = [new("", "1"), new("CPU 0", "01"), new("ksgxd")],
            Versus = "fixed/x",
        };

        RaceLink read = RaceLink.Parse("#" + link);

        Assert.Equal(link.ToString(), read.ToString());
        Assert.Equal(link.Settings, read.Settings);
        Assert.Equal(link.Path, read.Path);
        Assert.Equal("fixed/x", read.Versus);
        Assert.DoesNotContain(' ', link.ToString());
        Assert.Null(read.VersusPath);

        RaceLink two = link with
        {
            VersusSettings = ["epc.race.max-steps=9"],
            VersusPath = [new("ksgxd"), new("a/b", "1")],
        };
        read = RaceLink.Parse(two.ToString());
        Assert.Equal(two.ToString(), read.ToString());
        Assert.Equal(two.VersusSettings, read.VersusSettings);
        Assert.Equal(two.VersusPath, read.VersusPath);
        Assert.Equal("fixed/x", read.Versus);
    }

    [Fact]
    public void A_race_of_ones_own_is_in_the_link()
    {
        string text = Catalogue.TextOf(Catalogue.FileOf("R26")!) + "# Größe\n";
        RaceLink link = new() { Text = text, Variant = "buggy" };

        Assert.Equal(text, RaceLink.Parse(link.ToString()).Text);
        Assert.InRange(link.ToString().Length, 1, RaceLink.MostCharacters);
    }

    [Fact]
    public void A_link_that_was_cut_says_so()
    {
        string link = new RaceLink { Text = Catalogue.TextOf(Catalogue.FileOf("R1")!) }.ToString();

        foreach (string cut in (string[])["", "/", "R1/a/b/c", "R1/a/b/c/d", "own:%%%", "R1/buggy;novalue/"])
        {
            Assert.Throws<RaceLinkException>(() => RaceLink.Parse(cut));
        }

        // A cut text may still inflate; then it is not the race and its reader says so.
        for (int length = 5; length < link.Length; length += 7)
        {
            try
            {
                RaceLink.Parse(link[..length]);
            }
            catch (RaceLinkException)
            {
            }
        }
    }

    [Fact]
    public void A_link_that_unpacks_to_too_much_is_refused() => Assert.Throws<RaceLinkException>(
        () => RaceLink.Parse(new RaceLink { Text = new string('x', 2 << 20) }.ToString()));
}
