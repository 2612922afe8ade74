#!/usr/bin/env pwsh
# A thin list of dotnet lines; .ci/run holds the same for machines without PowerShell.
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Format', 'Bench', 'Ci')]
    [string] $Task = 'Ci'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot

function Invoke-Line([string[]] $Line) {
    Write-Host "`n> dotnet $Line"
    & dotnet @Line
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

function Get-TraceHash([string] $Seed) {
    $json = & dotnet run -c Release --no-build --project src/EpcActors.Cli -- run config/quickstart.conf --seed $Seed --json -
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    ($json | ConvertFrom-Json).trace_hash
}

if ($Task -in 'Format', 'Ci') { Invoke-Line @('format', '--verify-no-changes') }
if ($Task -in 'Build', 'Test', 'Ci') { Invoke-Line @('build', '-c', 'Release') }
if ($Task -in 'Test', 'Ci') { Invoke-Line @('test', '-c', 'Release', '--no-build') }
if ($Task -eq 'Ci') { Invoke-Line @('test', '-c', 'Release', '--no-build', '-p:Tier=slow') }
if ($Task -eq 'Bench') { Invoke-Line @('run', '-c', 'Release', '--project', 'tests/EpcActors.Benchmarks') }
if ($Task -eq 'Ci') {
    Invoke-Line @('run', '-c', 'Release', '--no-build', '--project', 'src/EpcActors.Cli', '--', 'run', 'config/quickstart.conf')
    foreach ($seed in '1', '20211115') {
        $first = Get-TraceHash $seed
        $second = Get-TraceHash $seed
        Write-Host "seed ${seed}: $first / $second"
        if ($first -ne $second) { Write-Error "seed ${seed}: the trace hashes differ" }
    }
}
