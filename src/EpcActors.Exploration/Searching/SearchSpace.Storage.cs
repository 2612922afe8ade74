namespace EpcActors.Exploration;

/// <content>Kept for another day.</content>
public sealed partial class SearchSpace
{
    /// <summary>Writes all that was found out. No searcher is at work.</summary>
    public void Write(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(Bounds.Preemptions);
        writer.Write(LeavesOutSteps);
        writer.Write(Graph is not null);
        writer.Write(_hasBegun);
        writer.Write(IsCut);
        writer.Write(Counts.Schedules);
        writer.Write(Counts.Ends);
        writer.Write(Counts.Edges);
        writer.Write(Counts.Steps);
        writer.Write(Counts.Depth);
        writer.WriteAll(_table.Fingerprints);
        writer.WriteAll<ulong>(_sleepOf);
        writer.WriteAll<byte>(_preemptionsOf);
        Graph?.Write(writer);
        SearchPlace[] places = [.. _places, .. _placesOfNextLayer];
        writer.Write(places.Length);
        foreach (SearchPlace place in places)
        {
            writer.WriteAll<ushort>(place.Way());
            writer.Write(place.State);
            writer.Write(place.ToDo);
            writer.Write(place.Sleep);
            writer.Write(place.Preemptions);
            writer.Write(place.Progress);
        }
    }

    /// <summary>Reads what <see cref="Write"/> has written, to go on.</summary>
    /// <param name="reader">Where to read.</param>
    /// <param name="bounds">How far to go now: more states and more steps are no hindrance.</param>
    /// <exception cref="InvalidDataException">The search was another one, or the data are none.</exception>
    public static SearchSpace Read(BinaryReader reader, SearchBounds bounds)
    {
        ArgumentNullException.ThrowIfNull(reader);
        SearchSpace space = new(bounds);
        if (reader.ReadInt32() != bounds.Preemptions)
        {
            throw new InvalidDataException("the states are of a search with other preemptions");
        }

        space.LeavesOutSteps = reader.ReadBoolean();
        if (reader.ReadBoolean() != (space.Graph is not null))
        {
            throw new InvalidDataException("the states are of a search for other findings");
        }

        space._hasBegun = reader.ReadBoolean();
        space.IsCut = reader.ReadBoolean();
        space.Counts = new SearchCounts(
            reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt32());
        foreach (ulong fingerprint in reader.ReadAll<ulong>())
        {
            if (!space._table.Add(fingerprint, out _))
            {
                throw new InvalidDataException("a state is there twice");
            }
        }

        space._sleepOf = reader.ReadAll<ulong>();
        space._preemptionsOf = reader.ReadAll<byte>();
        space.Graph?.Read(reader);
        int places = reader.ReadInt32();
        for (int i = 0; i < places; i++)
        {
            space._places.Enqueue(new SearchPlace(null, reader.ReadAll<ushort>())
            {
                State = reader.ReadInt32(),
                ToDo = reader.ReadUInt64(),
                Sleep = reader.ReadUInt64(),
                Preemptions = reader.ReadInt32(),
                Progress = reader.ReadInt64(),
            });
        }

        return space;
    }
}
