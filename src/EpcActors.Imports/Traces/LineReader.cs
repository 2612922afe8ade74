using EpcActors.Scenarios.Workloads;

namespace EpcActors.Imports.Traces;

/// <summary>Lines of a large text as spans over one buffer: nothing is allocated for a line.</summary>
internal sealed class LineReader(TextReader reader, string source)
{
    private const int MostCharacters = 64 * 1024;

    private readonly char[] _buffer = new char[2 * MostCharacters];
    private int _start;
    private int _end;
    private bool _isAtEnd;

    /// <summary>Number of the line read last, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The next line without its end; false behind the last.</summary>
    /// <exception cref="TraceFormatException">A line is longer than any recording has.</exception>
    public bool TryRead(out ReadOnlySpan<char> line)
    {
        while (true)
        {
            ReadOnlySpan<char> rest = _buffer.AsSpan(_start, _end - _start);
            int length = rest.IndexOf('\n');
            if (length < 0 && !_isAtEnd && rest.Length < MostCharacters)
            {
                Fill();
                continue;
            }

            if (length < 0 && rest.Length == 0)
            {
                line = default;
                return false;
            }

            Number++;
            if (length < 0 && !_isAtEnd)
            {
                throw new TraceFormatException(
                    source, Number, 1, $"the line is longer than {MostCharacters} characters", "check the file");
            }

            int taken = length < 0 ? rest.Length : length;
            line = rest[..taken].TrimEnd('\r');
            _start += Math.Min(rest.Length, taken + 1);
            return true;
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        int count = reader.Read(_buffer.AsSpan(_end, Math.Min(MostCharacters, _buffer.Length - _end)));
        _end += count;
        _isAtEnd = count == 0;
    }
}
