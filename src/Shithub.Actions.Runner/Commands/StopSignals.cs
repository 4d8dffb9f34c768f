using System.Runtime.InteropServices;

namespace Shithub.Actions.Runner.Commands;

/// <summary>SIGTERM and SIGINT: the first asks to drain, the second not to wait for running jobs.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _now = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
    ];

    /// <summary>Claim no more.</summary>
    public CancellationToken Drain => _drain.Token;

    /// <summary>Stop running jobs too.</summary>
    public CancellationToken Now => _now.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _drain.Dispose();
        _now.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_drain.IsCancellationRequested) _now.Cancel();
        else _drain.Cancel();
    }
}
