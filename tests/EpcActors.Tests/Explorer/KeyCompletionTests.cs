using EpcActors.Races;
using EpcActors.Races.Explorer;

namespace EpcActors.Tests.Explorer;

public sealed class KeyCompletionTests
{
    [Theory]
    [InlineData("epc { rac|", "rac", "race")]
    [InlineData("epc.rac|", "rac", "race")]
    [InlineData("epc { race { choi|", "choi", "choices")]
    [InlineData("epc { race {\n  # choices {\n  choices { ewb|", "ewb", "ewb-fails")]
    [InlineData("epc { race { tasks { CPU0 { node = 0, d|", "d", "do")]
    [InlineData("epc { race { tasks { \"CPU 0\".d|", "d", "do")]
    [InlineData("epc { title = \"{ [\"\n machine { nodes = [ { cp|", "cp", "cpus")]
    [InlineData("epc { description = \"\"\"\n a { b\n\"\"\"\n race { symp|", "symp", "symptom")]
    public void A_key_is_completed_in_its_block(string text, string begun, string key)
    {
        (string word, IReadOnlyList<string> keys) =
            KeyCompletion.At(text.Replace("|", "", StringComparison.Ordinal), text.Length - 1);

        Assert.Equal(begun, word);
        Assert.Contains(key, keys);
        Assert.All(keys, one => Assert.StartsWith(begun, one, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("epc { title = ra|")]
    [InlineData("epc { title = \"ra|")]
    [InlineData("epc { nothing { ra|")]
    public void A_value_is_not_completed(string text) => Assert.Empty(
        KeyCompletion.At(text.Replace("|", "", StringComparison.Ordinal), text.Length - 1).Keys);

    [Fact]
    public void No_place_of_any_race_is_too_much()
    {
        foreach (string id in Catalogue.Ids)
        {
            string text = Catalogue.TextOf(Catalogue.FileOf(id)!);
            for (int offset = 0; offset <= text.Length; offset += 41)
            {
                Assert.NotNull(KeyCompletion.At(text, offset).Keys);
            }
        }
    }
}
