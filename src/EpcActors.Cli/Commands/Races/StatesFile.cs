using System.Text;
using EpcActors.Cli.Running;
using EpcActors.Exploration;
using EpcActors.Races;

namespace EpcActors.Cli.Commands.Races;

/// <summary>
/// The file of an exhaustive search that did not come to its end: the states that it met, and the places from which
/// something is left to try. It is there while the search is not over.
/// </summary>
/// <param name="path">Of the file.</param>
/// <param name="of">The search: race, variant, text and settings. A file of another one is not taken.</param>
internal sealed class StatesFile(string path, string of) : IKeptStates
{
    private const string Magic = "epc states 1";

    /// <exception cref="CommandException">The file is of another search, or is none.</exception>
    public SearchSpace? Load(SearchBounds bounds)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using BinaryReader reader = new(new BufferedStream(File.OpenRead(path), 1 << 20), Encoding.UTF8);
            if (reader.ReadString() != Magic)
            {
                throw new InvalidDataException();
            }

            return reader.ReadString() == of ? SearchSpace.Read(reader, bounds)
                : throw CommandException.Usage(
                    $"--resume: {path} is of another search: of another race, variant, text or setting; name another "
                        + "file, or remove it");
        }
        catch (Exception wrong) when (wrong is IOException or FormatException or ArgumentException
            or InvalidDataException)
        {
            throw CommandException.Usage(
                $"--resume: {path} is not a whole file of states; remove it, and the search begins anew");
        }
    }

    public void Save(SearchSpace space)
    {
        if (space.IsComplete || space.IsBroken)
        {
            File.Delete(path);
            return;
        }

        StagedFiles.Write(path, stream =>
        {
            using BinaryWriter writer = new(new BufferedStream(stream, 1 << 20), Encoding.UTF8);
            writer.Write(Magic);
            writer.Write(of);
            space.Write(writer);
        });
    }
}
